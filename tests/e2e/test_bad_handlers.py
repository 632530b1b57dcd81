"""Handlers that harm their process harm no other job for longer than a lease."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from live_system import System, Up, lines, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("bad handlers")]
LEASE_S = 2.0
RECYCLE_MB = 400
LIMIT_MB = 900


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("bad-handlers")
    with Up(
        folder / "data",
        folder / "up.log",
        HAULAGE_ENGINE_LEASE_S=str(LEASE_S),
        HAULAGE_ENGINE_HEARTBEAT_S="0.4",
        HAULAGE_ENGINE_STOP_GRACE_S="1",
        HAULAGE_ENGINE_CHILD_MAX_JOBS="3",
        HAULAGE_ENGINE_CHILD_RECYCLE_MB=str(RECYCLE_MB),
        HAULAGE_ENGINE_CHILD_LIMIT_MB=str(LIMIT_MB),
    ) as running:
        yield running


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    path = tmp_path / "witness"
    path.touch()
    return path


@pytest.fixture
def bystander(system: System, tmp_path: Path) -> Iterator[UUID]:
    """A job that runs beside the bad one in the io worker and is not harmed in the end, although
    two crashes would quarantine it."""
    path = tmp_path / "bystander"
    path.touch()
    job = system.client.submit("crew.steps", {"witness": str(path), "steps": 3, "seconds": 1})
    until(lambda: "step 0" in lines(path))
    yield job.id
    ended = system.until_ended(job.id, within_s=60)
    assert (ended.state, ended.attempt, ended.result) == ("succeeded", 1, [0, 1, 4])


def test_a_job_that_kills_io_workers_is_isolated_and_then_quarantined(
    system: System, bystander: UUID, witness: Path
) -> None:
    job = system.client.submit("crew.vanish", {"witness": str(witness)})
    ended = system.until_ended(job.id, within_s=90)
    assert (ended.state, ended.reason) == ("failed", "quarantined")
    ledger = system.query("SELECT company FROM crashes WHERE job_id = %s ORDER BY fence", job.id)
    # In company at first, alone in the end.
    assert (ledger[0], ledger[-1]) == ((2,), (1,))


def test_a_job_that_blocks_the_loop_costs_its_process_and_is_known_for_it(
    system: System, bystander: UUID, witness: Path
) -> None:
    before = system.pids("worker-io")
    job = system.client.submit("crew.block", {"witness": str(witness), "seconds": 60})
    ended = system.until_ended(job.id, within_s=90)
    assert (ended.state, ended.reason) == ("failed", "quarantined")
    assert "held the event loop" in ended.error.message
    assert not set(before) & set(system.pids("worker-io"))
    ledger = system.query("SELECT company FROM crashes WHERE job_id = %s ORDER BY fence", job.id)
    assert ledger[-1] == (1,)


def test_a_leaking_handler_is_killed_at_the_memory_limit_and_harms_nobody(
    system: System, witness: Path, tmp_path: Path
) -> None:
    beside = tmp_path / "beside"
    beside.touch()
    other = system.client.submit("crew.tock", {"witness": str(beside), "seconds": 3})
    until(lambda: "start" in lines(beside))
    job = system.client.submit("crew.leak", {"witness": str(witness)})
    ended = system.until_ended(job.id, within_s=60)
    assert (ended.state, ended.reason) == ("failed", "quarantined")
    assert f"more than {LIMIT_MB} MB" in ended.error.message
    peaks = system.query("SELECT peak_rss_bytes FROM crashes WHERE job_id = %s", job.id)
    assert len(peaks) == 2
    assert all(peak > LIMIT_MB * 1024 * 1024 for (peak,) in peaks)
    assert system.until_ended(other.id).state == "succeeded"
    assert lines(beside).count("start") == 1


def test_what_would_take_the_memory_at_once_is_refused_and_said(
    system: System, witness: Path
) -> None:
    job = system.client.submit("crew.greedy", {"witness": str(witness), "seconds": 3})
    ended = system.until_ended(job.id)
    assert (ended.state, ended.error.code) == ("failed", "out_of_memory")
    assert f"the {LIMIT_MB} MB that a cpu process may have" in ended.error.message
    assert "HAULAGE_ENGINE_CHILD_LIMIT_MB" in ended.error.message
    [start] = lines(witness)
    # The process is replaced, its worker is not, and nobody counts a crash.
    until(lambda: not Path(f"/proc/{start.split()[-1]}").exists())
    other = system.client.submit("crew.greedy", {"witness": str(witness), "seconds": 0.1})
    assert system.until_ended(other.id).state == "succeeded"
    assert system.query("SELECT crashes FROM jobs WHERE id = %s", job.id) == [(0,)]


def test_a_cpu_process_is_replaced_after_so_many_jobs(system: System, witness: Path) -> None:
    jobs = [
        system.client.submit("crew.tock", {"witness": str(witness), "seconds": 0}).id
        for _ in range(9)
    ]
    assert {system.until_ended(job).state for job in jobs} == {"succeeded"}
    pids = [line.split()[-1] for line in witness.read_text().splitlines()]
    assert len(pids) == 9
    assert max(pids.count(pid) for pid in pids) <= 3


def test_a_cpu_process_that_has_grown_too_large_is_replaced_and_loses_no_job(
    system: System, witness: Path
) -> None:
    large = [
        system.client.submit("crew.grow", {"witness": str(witness), "seconds": RECYCLE_MB}).id
        for _ in range(5)
    ]
    small = system.client.submit("crew.tock", {"witness": str(witness), "seconds": 0}).id
    ended = [system.until_ended(job) for job in (*large, small)]
    assert {(job.state, job.attempt) for job in ended} == {("succeeded", 1)}
    # Two processes, each good for three jobs by their number, would have had one twice.
    assert [job.result for job in ended[:-1]] == [1] * len(large)


@pytest.mark.parametrize("type_name", ["crew.deaf", "crew.stone"])
def test_a_plain_handler_that_hears_no_time_limit_is_killed_and_its_job_settled(
    system: System, witness: Path, type_name: str
) -> None:
    given = {"witness": str(witness), "seconds": 60}
    job = system.client.submit(type_name, given, timeout_s=0.5)
    ended = system.until_ended(job.id)
    assert (ended.state, ended.error.code, ended.attempt) == ("failed", "timed_out", 1)
    [line] = witness.read_text().splitlines()
    until(lambda: not Path(f"/proc/{line.split()[-1]}").exists())
    assert system.query("SELECT crashes FROM jobs WHERE id = %s", job.id) == [(0,)]
