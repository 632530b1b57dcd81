"""What the engine promises, on real processes: retries, schedules, cancels, deaths and restarts."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from live_system import System, lines, until

from haulage.client import JobView, Submission
from haulage.engine.memory import total_memory_mb

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    path = tmp_path / "witness"
    path.touch()
    return path


def states(system: System, job: JobView) -> list[str]:
    events = system.client.stream(job.id)
    return [event.data["state"] for event in events if event.event == "state"]


def test_a_retryable_error_is_retried_until_it_works(system: System, witness: Path) -> None:
    job = system.client.submit("crew.flaky", {"witness": str(witness), "fail_times": 2})
    ended = system.until_ended(job.id)
    assert (ended.state, ended.attempt, ended.result) == ("succeeded", 3, 3)
    assert lines(witness) == ["attempt 1", "attempt 2", "attempt 3"]


def test_an_error_that_cannot_be_helped_fails_at_once(system: System, witness: Path) -> None:
    job = system.client.submit("crew.broken", {"witness": str(witness)})
    ended = system.until_ended(job.id)
    assert ended.state == "failed"
    assert ended.attempt == 1
    assert ended.error.code == "page_missing"


def test_no_job_takes_the_machines_memory_where_nobody_set_a_limit(
    system: System, witness: Path
) -> None:
    # The machine would give so much; two processes may not ask for it.
    gigabytes = 0.8 * total_memory_mb() / 1024
    job = system.client.submit("crew.greedy", {"witness": str(witness), "seconds": gigabytes})
    ended = system.until_ended(job.id)
    assert (ended.state, ended.error.code) == ("failed", "out_of_memory")
    assert lines(witness) == ["start"]


def test_a_job_runs_when_its_time_has_come_and_not_before(system: System) -> None:
    due = datetime.now(UTC) + timedelta(seconds=1.5)
    job = system.client.submit("echo", {"value": 1}, run_at=due)
    assert (job.state, job.reason) == ("scheduled", "run_at")
    ended = system.until_ended(job.id)
    assert due <= ended.started_at < due + timedelta(seconds=2)
    assert states(system, job) == ["scheduled", "queued", "running", "succeeded"]


def test_a_worker_says_how_many_jobs_of_a_queue_it_ends_in_a_second(system: System) -> None:
    def said() -> object:
        system.client.submit("echo", {"value": 1})
        return system.query(
            "SELECT 1 FROM workers CROSS JOIN LATERAL json_each_text(paces) AS pace"
            " WHERE pace.key = 'io' AND CAST(pace.value AS float8) > 0"
        )

    until(said)


def test_events_of_a_job_have_a_sequence_without_gaps(system: System) -> None:
    job = system.client.submit("sleep", {"seconds": 0.5})
    numbers = [event.id for event in system.client.stream(job.id)]
    assert numbers == list(range(1, len(numbers) + 1))
    later = [event.id for event in system.client.stream(job.id, after=2)]
    assert later == numbers[2:]


@pytest.mark.parametrize(("type", "seconds"), [("sleep", 60), ("crunch", 60)])
def test_a_running_job_is_cancelled_within_two_seconds(
    system: System, type: str, seconds: float
) -> None:
    job = system.client.submit(type, {"seconds": seconds})
    system.until_state(job.id, "running")
    asked = datetime.now(UTC)
    system.client.cancel(job.id)
    ended = system.until_ended(job.id)
    assert ended.state == "cancelled"
    assert ended.cancelled_by
    assert ended.cancelled_at - asked < timedelta(seconds=2)


def test_a_deaf_handler_is_cancelled_within_two_seconds_too(system: System, witness: Path) -> None:
    job = system.client.submit("crew.deaf", {"witness": str(witness), "seconds": 30})
    system.until_state(job.id, "running")
    asked = datetime.now(UTC)
    system.client.cancel(job.id)
    ended = system.until_ended(job.id)
    assert ended.state == "cancelled"
    assert ended.cancelled_at - asked < timedelta(seconds=2)
    # Its process is replaced: the pool has both of its slots again.
    jobs = [system.client.submit("crunch", {"seconds": 0.2}) for _ in range(4)]
    assert {system.until_ended(one.id).state for one in jobs} == {"succeeded"}


def test_a_waiting_job_is_cancelled_at_once(system: System) -> None:
    job = system.client.submit("echo", {"value": 1}, run_at=datetime.now(UTC) + timedelta(hours=1))
    assert system.client.cancel(job.id).state == "cancelled"
    assert states(system, job) == ["scheduled", "cancelled"]


def test_an_attempt_over_its_time_limit_is_ended_and_retried(system: System) -> None:
    job = system.client.submit("crunch", {"seconds": 30}, timeout_s=0.5, max_attempts=1)
    ended = system.until_ended(job.id)
    assert ended.state == "failed"
    assert ended.error.code == "timed_out"
    assert ended.duration_s < 3


def test_a_killed_io_worker_gives_its_jobs_up_and_steps_are_not_run_again(
    system: System, witness: Path
) -> None:
    job = system.client.submit("crew.steps", {"witness": str(witness), "steps": 8, "seconds": 0.4})
    until(lambda: "step 3" in lines(witness))
    for pid in system.pids("worker-io"):
        os.kill(pid, signal.SIGKILL)
    ended = system.until_ended(job.id, within_s=40)
    assert ended.state == "succeeded", ended.error
    assert ended.result == [number * number for number in range(8)]
    assert ended.attempt == 1
    seen = lines(witness)
    # Only the step that was under way at the kill may have run twice.
    assert sum(seen.count(f"step {number}") for number in range(8)) <= 9
    assert seen.count("start") == 2


def test_a_killed_cpu_child_is_noticed_within_two_seconds_and_its_job_runs_again(
    system: System, witness: Path
) -> None:
    job = system.client.submit("crew.spin", {"witness": str(witness), "steps": 4, "seconds": 0.5})
    until(lambda: "step 1" in lines(witness))
    child = int(witness.read_text().split()[-1])
    killed_at = datetime.now(UTC)
    os.kill(child, signal.SIGKILL)
    ended = system.until_ended(job.id)
    [(noticed_at,)] = system.query("SELECT noticed_at FROM crashes WHERE job_id = %s", job.id)
    assert noticed_at - killed_at < timedelta(seconds=2)
    assert (ended.state, ended.result) == ("succeeded", 6)
    assert lines(witness).count("step 0") == 1


def test_a_job_that_kills_its_workers_is_quarantined(system: System, witness: Path) -> None:
    job = system.client.submit("crew.suicide", {"witness": str(witness)})
    ended = system.until_ended(job.id)
    assert (ended.state, ended.reason) == ("failed", "quarantined")
    assert ended.error.code == "quarantined"
    assert len(lines(witness)) == 2
    crashes = system.query("SELECT fence FROM crashes WHERE job_id = %s ORDER BY fence", job.id)
    assert crashes == [(1,), (2,)]


def test_flushing_redis_loses_nothing(system: System) -> None:
    jobs = system.client.submit_many(
        [Submission("sleep", {"seconds": 0.3})] * 50 + [Submission("crunch", {"seconds": 0.2})] * 6
    )
    with redis.Redis.from_url(system.ready["redis_url"]) as client:
        client.flushall()
    assert {system.until_ended(job.id).state for job in jobs} == {"succeeded"}


def test_redis_dying_with_unacked_messages_stops_no_worker(system: System) -> None:
    jobs = [system.client.submit("sleep", {"seconds": 3}) for _ in range(5)]
    jobs.append(system.client.submit("crew.nap", {"seconds": 3}))
    for job in jobs:
        system.until_state(job.id, "running")
    workers = {*system.pids("worker-io"), *system.pids("worker-cpu")}
    for pid in system.pids("redis"):
        os.kill(pid, signal.SIGKILL)
    assert {system.until_ended(job.id).state for job in jobs} == {"succeeded"}
    after = system.client.wait(system.client.submit("echo", {"value": "after"}).id, timeout_s=30)
    assert after.state == "succeeded"
    spun = system.client.wait(system.client.submit("crunch", {"seconds": 0.1}).id, timeout_s=30)
    assert spun.state == "succeeded"
    assert workers == {*system.pids("worker-io"), *system.pids("worker-cpu")}


def test_a_killed_dispatcher_comes_back_and_leads(system: System) -> None:
    for pid in system.pids("dispatcher"):
        os.kill(pid, signal.SIGKILL)
    job = system.client.submit(
        "echo", {"value": 1}, run_at=datetime.now(UTC) + timedelta(seconds=0.5)
    )
    assert system.until_ended(job.id).state == "succeeded"


def test_a_worker_that_is_stopped_gives_its_jobs_back_without_charging_an_attempt(
    system: System, witness: Path
) -> None:
    slow = system.client.submit("sleep", {"seconds": 20})
    system.until_state(slow.id, "running")
    # The supervisor starts a successor; the job moves over to it.
    for pid in system.pids("worker-io"):
        os.kill(pid, signal.SIGTERM)
    until(
        lambda: (
            "given_back"
            in str(
                system.query(
                    "SELECT data::text FROM events WHERE job_id = %s AND kind = 'state'", slow.id
                )
            )
        )
    )
    again = system.until_state(slow.id, "running")
    assert again.attempt == 1
    system.client.cancel(slow.id)
    assert system.until_ended(slow.id).state == "cancelled"
