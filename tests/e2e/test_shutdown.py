"""How workers end: warm, cold, told twice. Nobody's attempt is charged, nothing is cancelled."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from live_system import System, Up, lines, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("shutdown"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A worker of it has two seconds for what runs."""
    folder = tmp_path_factory.mktemp("shutdown")
    with Up(
        folder / "data",
        folder / "up.log",
        HAULAGE_ENGINE_SHUTDOWN_S="2",
        HAULAGE_ENGINE_LEASE_S="30",
        HAULAGE_ENGINE_STOP_GRACE_S="1",
    ) as system:
        yield system


def running(system: System, type_name: str, seconds: float) -> UUID:
    job = system.client.submit(type_name, {"seconds": seconds})
    system.until_state(job.id, "running", within_s=60)
    return job.id


def tell(system: System, name: str, signum: signal.Signals) -> int:
    """Signal the process itself, not the children that it answers for."""
    pid = system.pids(name)[0]
    os.kill(pid, signum)
    return pid


def states(system: System, job_id: UUID) -> list[str]:
    rows = system.query(
        "SELECT coalesce(data->>'reason', data->>'state') FROM events"
        " WHERE job_id = %s AND kind = 'state' ORDER BY seq",
        job_id,
    )
    return [row[0] for row in rows]


def assert_gone_on_elsewhere(system: System, job_id: UUID) -> None:
    until(lambda: "given_back" in states(system, job_id), within_s=60)
    again = system.until_state(job_id, "running", within_s=60)
    assert again.attempt == 1
    system.client.cancel(job_id)
    assert system.until_ended(job_id, within_s=60).state == "cancelled"
    assert "rescued" not in states(system, job_id)


def test_a_warm_shutdown_lets_finish_what_ends_in_time(system: System) -> None:
    job_id = running(system, "sleep", 1.0)
    tell(system, "worker-io", signal.SIGTERM)
    assert system.until_ended(job_id, within_s=60).state == "succeeded"
    assert states(system, job_id) == ["queued", "running", "succeeded"]


@pytest.mark.parametrize("way", ["block", "thread"])
def test_a_handler_that_cannot_be_stopped_does_not_hold_the_process(
    system: System, tmp_path: Path, way: str
) -> None:
    """It blocks the loop, or has left a thread running; the lease outlasts both."""
    witness = tmp_path / "witness"
    witness.touch()
    given = {"witness": str(witness), "seconds": 60}
    job = system.client.submit(f"crew.{way}", given, max_attempts=1)
    until(lambda: "start" in lines(witness), within_s=60)
    gone = tell(system, "worker-io", signal.SIGTERM)
    told = time.monotonic()
    until(lambda: not Path(f"/proc/{gone}").exists(), within_s=60)
    assert time.monotonic() - told < 30
    system.client.cancel(job.id)
    assert system.until_ended(job.id, within_s=60).state == "cancelled"


@pytest.mark.parametrize(
    ("pool", "type_name", "signals"),
    [
        ("worker-io", "sleep", [signal.SIGTERM]),
        ("worker-io", "sleep", [signal.SIGTERM, signal.SIGTERM]),
        ("worker-io", "sleep", [signal.SIGQUIT]),
        ("worker-cpu", "crew.nap", [signal.SIGTERM]),
        ("worker-cpu", "crew.nap", [signal.SIGQUIT]),
    ],
)
def test_what_does_not_end_in_time_is_given_back(
    system: System, pool: str, type_name: str, signals: list[signal.Signals]
) -> None:
    job_id = running(system, type_name, 60)
    gone = {tell(system, pool, signum) for signum in signals}
    assert_gone_on_elsewhere(system, job_id)
    until(lambda: not gone & set(system.pids(pool)), within_s=60)


@pytest.mark.parametrize(
    ("pool", "type_name"), [("worker-io", "sleep"), ("worker-cpu", "crew.nap")]
)
def test_a_drained_worker_finishes_or_gives_back_and_exits(
    system: System, pool: str, type_name: str
) -> None:
    short, long = running(system, type_name, 1.5), running(system, type_name, 60)
    pid = system.pids(pool)[0]
    (worker_id,) = system.query("SELECT id FROM workers WHERE pid = %s AND ended_at IS NULL", pid)[
        0
    ]
    answer = httpx.post(f"{system.ready['url']}/api/v1/workers/{worker_id}/drain")
    assert (answer.status_code, answer.json()["state"]) == (202, "draining")
    assert system.until_ended(short, within_s=60).state == "succeeded"
    assert states(system, short) == ["queued", "running", "succeeded"]
    assert_gone_on_elsewhere(system, long)
    until(lambda: pid not in system.pids(pool), within_s=60)
    ended = httpx.get(f"{system.ready['url']}/api/v1/workers/{worker_id}").json()
    assert (ended["state"], ended["end_reason"]) == ("ended", "stopped")
