"""A long job whose workers die in each of its phases: it ends as one that nobody disturbed, and no
call of the provider is paid again but those that were under way at a kill."""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from live_system import System, Up, until

from bench.novel_provider import Provider, novel_provider
from examples.make_novel import make_novel
from haulage.client import JobView

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("novel")]

# 120 pages take long enough to read that a kill meets the reading; six chunks, three at once.
PAGES, CHUNKS = 120, 6
# Between a provider's answer and the commit of its step.
COMMIT_S = 0.5


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with novel_provider(delay_s=0.5, at_once=100) as running:
        yield running


@pytest.fixture(scope="module")
def system(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("novel")
    with Up(
        folder / "data",
        folder / "up.log",
        HAULAGE_PROVIDERS_COMPATIBLE=f"novels={provider.url}",
        HAULAGE_PROVIDERS_BALANCED="novels:rewriter",
        HAULAGE_HANDLER_NOVEL_CHUNKS="500=20x3",
        HAULAGE_ENGINE_HEARTBEAT_S="0.3",
        HAULAGE_ENGINE_LEASE_S="1.5",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def novel() -> bytes:
    return make_novel(PAGES)


def rewriting(system: System, path: Path, content: bytes, *, limit: int) -> JobView:
    path.write_bytes(content)
    file = system.client.upload(path)
    given = {"file": str(file.id), "sentence_length_limit": limit}
    return system.client.submit("rewrite_novel", given)


def result_of(system: System, job: JobView) -> tuple[JobView, dict[str, Any]]:
    ended = system.until_ended(job.id, within_s=90)
    assert ended.state == "succeeded", ended.error
    return ended, ended.result or system.client.result(job.id)


def kill(system: System, query: str, *values: object) -> float:
    """Kill the process whose id `query` gives, as soon as it gives one that lives; the moment."""

    def killed() -> bool:
        # A row names its process until the job is taken from the dead.
        for (pid,) in system.query(query, *values):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    until(killed, within_s=30)
    return time.time()


def test_a_novel_survives_its_workers_and_pays_no_finished_call_again(
    system: System, provider: Provider, novel: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "roman.pdf"
    _, undisturbed = result_of(system, rewriting(system, path, novel, limit=12))
    before = len(provider.look()["calls"])
    assert before == CHUNKS

    # Other bytes, so that the book is read again; another limit, so that models are asked again.
    job = rewriting(system, path, novel + b"\n%other bytes", limit=13)
    kill(
        system,
        "SELECT worker_pid FROM jobs WHERE type = 'read_book' AND state = 'running' "
        "AND parent_id = %s",
        job.id,
    )
    kills = []
    for answered in (1, 4):
        until(
            lambda answered=answered: (
                sum(one["ended"] is not None for one in provider.look()["calls"][before:])
                >= answered
            ),
            within_s=40,
        )
        running = "SELECT worker_pid FROM jobs WHERE state = 'running' AND id = %s"
        kills.append(kill(system, running, job.id))
    ended, disturbed = result_of(system, job)

    assert disturbed["method"] == "rewritten"
    assert {**disturbed, "usage": None} == {**undisturbed, "usage": None}
    calls = defaultdict(list)
    for call in provider.look()["calls"][before:]:
        calls[call["digest"]].append(call)
    assert len(calls) == CHUNKS
    for asked in calls.values():
        for lost in asked[:-1]:
            assert any(
                lost["began"] < killed and (lost["ended"] or killed) > killed - COMMIT_S
                for killed in kills
            )
    assert ended.raw["usage"]["calls"] == disturbed["usage"]["calls"] == CHUNKS
    assert ended.attempt == 1


def test_the_same_novel_again_costs_no_call(
    system: System, provider: Provider, novel: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "roman.pdf"
    _, first = result_of(system, rewriting(system, path, novel, limit=12))
    before = len(provider.look()["calls"])
    job, again = result_of(system, rewriting(system, path, novel, limit=12))
    assert {**again, "usage": None} == {**first, "usage": None}
    assert len(provider.look()["calls"]) == before
    assert job.raw["usage"]["calls"] == again["usage"]["calls"] == 0
