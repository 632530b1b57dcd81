"""`haulage payloads`: keys are changed, and given up, under jobs that wait and run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from haulage.domain.outcome import Succeeded
from haulage.engine.services import Services
from haulage.settings.payload import PayloadSettings
from haulage.storage.blobs import Blobs
from haulage.storage.job_reads import JobReads
from haulage.storage.json_text import loads
from haulage.storage.sealing import MARK, Sealer
from haulage.storage.step_store import FinishedStep
from tests.factories import Hand, queued

OLD, NEW = "b2xk" * 10 + "b2w", "bmV3" * 10 + "bmU"
WORDS = '{"said":"Rosebud"}'
LARGE = json.dumps({"said": "Rosebud " * 200})


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.open(str(tmp_path / "blobs"), inline_bytes=1024)


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """Start `haulage payloads …` as a process of its own, with these keys."""

    def started(keys: str, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "haulage", "payloads", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "HAULAGE_DATABASE_URL": database_url,
                "HAULAGE_BLOB_URL": str(tmp_path / "blobs"),
                "HAULAGE_BLOB_INLINE_BYTES": "1024",
                "HAULAGE_PAYLOAD_KEYS": keys,
            },
        )

    return started


def rotated(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return json.loads(out)


def given_keys(services: Services, *keys: str, writes_plain: bool = False) -> None:
    """As if every process had been started again with these."""
    services.database.sealer = services.blobs.sealer = Sealer(keys, writes_plain=writes_plain)


def sealed_by(url: str, key: str) -> tuple[int, int]:
    """How many inputs and steps that lie in their rows are sealed by `key`."""
    sealed = loads(Sealer([key]).seal("1"))[MARK].partition(".")[0]
    with psycopg.connect(url) as connection:
        [inputs], [values] = (
            connection.execute(
                f"SELECT count(*) FROM {table} WHERE strpos(CAST({column} AS text), %s) > 0",  # type: ignore[arg-type]
                [sealed],
            ).fetchone()
            or (0,)
            for table, column in (("jobs", "input"), ("steps", "value"))
        )
    return inputs, values


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def step(services: Services, hand: Hand, lease: Any, key: str) -> None:
    await services.steps.save([FinishedStep(lease, key, "look", WORDS, 0.1, None)])


async def read(services: Services, job_id: Any) -> tuple[Any, Any]:
    reads = JobReads(services.database, services.blobs)
    job = await reads.get(job_id, tenant="default", with_input=True)
    assert job is not None
    found = await reads.result(job_id, tenant="default")
    return job.input, found and found[1]


async def test_a_rotation_that_is_killed_is_begun_anew_while_jobs_run(
    services: Services, database_url: str, command: Callable[..., "subprocess.Popen[str]"]
) -> None:
    given_keys(services, OLD)
    hand = await Hand.hired(services)
    running, waiting = await queued(services, input=WORDS), await queued(services, input=LARGE)
    lease = await hand.claim(running)
    await step(services, hand, lease, "before")
    # Every process has the new key; the one that runs the job has just finished another step.
    given_keys(services, NEW, OLD)
    await step(services, hand, lease, "after")
    assert sealed_by(database_url, OLD) == (1, 1)
    with psycopg.connect(database_url) as holding:
        # It stands before the steps, with the jobs' page behind it.
        holding.execute("SELECT FROM steps WHERE key = 'before' FOR UPDATE")
        process = command(f"{NEW},{OLD}", "rotate", "-o", "json")
        wait_for(lambda: sealed_by(database_url, OLD) == (0, 1))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    # The job goes on between the two, its input read and a step written.
    assert await services.jobs.input_of(lease) == WORDS
    await step(services, hand, lease, "between")
    assert sealed_by(database_url, OLD) == (0, 1)
    said = rotated(command(f"{NEW},{OLD}", "rotate", "-o", "json"))
    assert said["sealed"]["steps"] == 1
    # And the old key is needed no more, by what runs nor by what waits.
    given_keys(services, NEW)
    assert await services.steps.load(running) == dict.fromkeys(
        ("before", "after", "between"), WORDS
    )
    assert await hand.settle(lease, Succeeded(WORDS))
    await hand.run(waiting, Succeeded(LARGE))
    assert await read(services, running) == (WORDS, WORDS)
    assert await read(services, waiting) == (LARGE, LARGE)


async def test_sealing_is_given_up_by_opening_all_that_is_stored(
    services: Services, database_url: str, command: Callable[..., "subprocess.Popen[str]"]
) -> None:
    given_keys(services, OLD)
    hand = await Hand.hired(services)
    ids = {text: await queued(services, input=text) for text in (WORDS, LARGE)}
    for text, job_id in ids.items():
        await hand.run(job_id, Succeeded(text))
    said = rotated(command(f"plain,{OLD}", "rotate", "-o", "json"))
    assert said["opened"]["jobs"] >= 4
    given_keys(services)
    for text, job_id in ids.items():
        assert await read(services, job_id) == (text, text)


def test_without_a_key_there_is_nothing_to_rotate(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HAULAGE_PAYLOAD_KEYS", raising=False)
    done = run("payloads", "rotate")
    assert done.exit_code == 1
    assert "haulage payloads new-key" in done.stderr


def test_a_new_key_is_one_that_the_setting_takes(run: Callable[..., Any]) -> None:
    made = run("payloads", "new-key").stdout.strip()
    again = run("payloads", "new-key").stdout.strip()
    assert made != again
    assert PayloadSettings(keys=f"{made},{again}").key_list == [made, again]
    opening = PayloadSettings(keys=f"plain,{made}")
    assert (opening.writes_plain, opening.key_list) == (True, [made])


@pytest.mark.parametrize("keys", ["plain", "plain,x", f"{OLD},plain", "none"])
def test_what_is_no_key_is_refused(keys: str) -> None:
    with pytest.raises(ValueError, match=r"keys"):
        PayloadSettings(keys=keys)
