"""Long jobs whose workers die in each of their phases: they end as ones that nobody disturbed, and
no call of the provider is paid again but those that were under way at a kill."""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bad_documents import drawn
from live_system import TERMINAL, System, Up, until

from bench.novel_provider import Provider, novel_provider
from examples.make_novel import make_novel
from haulage.client import JobView

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("novel")]

# 120 pages take long enough to read that a kill meets the reading; six chunks, three at once.
PAGES, CHUNKS = 120, 6
# Each of a paper's pages is a job.
PAPER_PAGES = 40
# Between a provider's answer and the commit of its step.
COMMIT_S = 2.0
# For how long a child may go on after its parent was killed.
DYING_S = 0.5
RUNNING = "SELECT worker_pid FROM jobs WHERE state = 'running' AND id = %s"
# One that has not died yet: a page has two deaths, the second is its end.
CHILD = (
    "SELECT worker_pid FROM jobs WHERE state = 'running' AND parent_id = %s AND crashes = 0 "
    "ORDER BY started_at DESC"
)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with novel_provider(delay_s=0.5, at_once=100) as running:
        yield running


@pytest.fixture(scope="module")
def seer() -> Iterator[Provider]:
    with novel_provider(delay_s=0.1, at_once=100) as running:
        yield running


@pytest.fixture(scope="module")
def system(
    provider: Provider, seer: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("novel")
    with Up(
        folder / "data",
        folder / "up.log",
        HAULAGE_PROVIDERS_COMPATIBLE=f"novels={provider.url},papers={seer.url}",
        HAULAGE_PROVIDERS_BALANCED="novels:rewriter",
        HAULAGE_HANDLER_NOVEL_CHUNKS="500=20x3",
        HAULAGE_ENGINE_HEARTBEAT_S="0.3",
        HAULAGE_ENGINE_LEASE_S="1.5",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def novel() -> bytes:
    return make_novel(PAGES)


@pytest.fixture(scope="module")
def undisturbed(
    system: System, provider: Provider, novel: bytes, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("novel") / "roman.pdf"
    _, result = result_of(system, rewriting(system, path, novel, limit=12))
    assert len(provider.look()["calls"]) == CHUNKS
    return result


def rewriting(system: System, path: Path, content: bytes, *, limit: int) -> JobView:
    path.write_bytes(content)
    file = system.client.upload(path)
    given = {"file": str(file.id), "sentence_length_limit": limit}
    return system.client.submit("rewrite_novel", given)


def result_of(system: System, job: JobView) -> tuple[JobView, dict[str, Any]]:
    ended = system.until_ended(job.id, within_s=90)
    assert ended.state == "succeeded", ended.error
    return ended, ended.result or system.client.result(job.id)


def kill(
    system: System, query: str, job: JobView, when: Callable[[int], bool] = lambda _: True
) -> float:
    """Kill a process whose id `query` gives, as soon as it gives one that lives and is as wanted;
    the moment. Nobody is killed when the job is over before."""

    def killed() -> bool:
        # A row names its process until the job is taken from the dead.
        for (pid,) in system.query(query, job.id):
            with suppress(ProcessLookupError):
                if when(pid):
                    os.kill(pid, signal.SIGKILL)
                    return True
        return system.client.get(job.id).state in TERMINAL

    until(killed, within_s=40)
    return time.time()


def reads_a_blob(pid: int) -> bool:
    """Whether the process has an uploaded file open."""
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if "/blobs/" in os.readlink(descriptor):
                    return True
    return False


def until_answered(provider: Provider, before: int, count: int) -> None:
    def answered() -> bool:
        calls = provider.look()["calls"][before:]
        return sum(one["ended"] is not None for one in calls) >= count

    until(answered, within_s=60)


def require_paid_once(calls: Sequence[dict[str, Any]], count: int, kills: Sequence[float]) -> None:
    """`count` different questions; one that was asked again was under way at a kill."""
    by_question = defaultdict(list)
    for call in calls:
        by_question[call["digest"]].append(call)
    assert len(by_question) == count
    for asked in by_question.values():
        for lost in asked[:-1]:
            assert any(
                lost["began"] < killed + DYING_S and (lost["ended"] or killed) > killed - COMMIT_S
                for killed in kills
            )


@pytest.mark.parametrize(
    ("limit", "reading", "answered"),
    [
        pytest.param(13, [lambda _: True, reads_a_blob], [1, 4], id="reading and rewriting"),
        pytest.param(14, [], [0, CHUNKS], id="before the first call and after the last"),
    ],
)
def test_a_novel_survives_its_workers_and_pays_no_finished_call_again(
    system: System,
    provider: Provider,
    novel: bytes,
    undisturbed: dict[str, Any],
    tmp_path: Path,
    limit: int,
    reading: list[Callable[[int], bool]],
    answered: list[int],
) -> None:
    before = len(provider.look()["calls"])
    # Other bytes, so that the book is read again; another limit, so that models are asked again.
    job = rewriting(system, tmp_path / "roman.pdf", novel + b"\n%%%d" % limit, limit=limit)
    book = CHILD.replace("AND crashes = 0", "AND type = 'read_book'")
    for when in reading:
        kill(system, book, job, when)
    kills = []
    for count in answered:
        if count == 0:
            # It has been read, and its chunks are about to be asked for.
            system.until_state(job.id, "waiting")
        else:
            until_answered(provider, before, count)
        kills.append(kill(system, RUNNING, job))
    ended, disturbed = result_of(system, job)

    assert disturbed["method"] == "rewritten"
    assert {**disturbed, "usage": None} == {**undisturbed, "usage": None}
    require_paid_once(provider.look()["calls"][before:], CHUNKS, kills)
    assert ended.raw["usage"]["calls"] == disturbed["usage"]["calls"] == CHUNKS
    assert ended.attempt == 1


def test_the_same_novel_again_costs_no_call(
    system: System,
    provider: Provider,
    novel: bytes,
    undisturbed: dict[str, Any],
    tmp_path: Path,
) -> None:
    before = len(provider.look()["calls"])
    job, again = result_of(system, rewriting(system, tmp_path / "a.pdf", novel, limit=12))
    assert {**again, "usage": None} == {**undisturbed, "usage": None}
    assert len(provider.look()["calls"]) == before
    assert job.raw["usage"]["calls"] == again["usage"]["calls"] == 0


def test_a_newspaper_survives_the_workers_of_its_pages_and_pays_no_finished_look_again(
    system: System, seer: Provider, tmp_path: Path
) -> None:
    path = tmp_path / "giornale.pdf"
    # Small pages, so that drawing them for the model is quick.
    pages = [partial(headed, number) for number in range(PAPER_PAGES)]
    path.write_bytes(drawn(*pages, pagesize=(200, 280)))
    file = system.client.upload(path)
    given = {"files": [str(file.id)], "model": "papers:seer"}
    job = system.client.submit("extract_newspaper", given)

    kills = [kill(system, RUNNING, job)]
    for count in (1, PAPER_PAGES // 3):
        until_answered(seer, 0, count)
        kills.append(kill(system, CHILD, job))
    until_answered(seer, 0, 2 * PAPER_PAGES // 3)
    # The first is the parent of the others.
    os.kill(system.pids("worker-cpu")[0], signal.SIGKILL)
    kills.append(time.time())
    until_answered(seer, 0, PAPER_PAGES)
    kills.append(kill(system, RUNNING, job))
    ended, result = result_of(system, job)

    assert [page["status"] for page in result["pages"]] == ["processed"] * PAPER_PAGES
    titles = [[article["title"] for article in page["articles"]] for page in result["pages"]]
    assert titles == [[f"Page {number}"] for number in range(1, PAPER_PAGES + 1)]
    require_paid_once(seer.look()["calls"], PAPER_PAGES, kills)
    assert ended.attempt == 1


def headed(number: int, canvas: Any) -> None:
    canvas.setFont("Times-Bold", 18)
    canvas.drawString(20, 250, f"Notizia {number}")
    canvas.setFont("Times-Roman", 9)
    canvas.drawString(20, 220, f"Il faro numero {number} resta acceso.")
