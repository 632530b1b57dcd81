"""What chaos has found, each as a test that needs no luck."""

import os
import signal
from pathlib import Path

import psycopg
import pytest
from live_system import System, Up, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("found by chaos")]


def answers(system: System) -> bool:
    try:
        return bool(system.query("SELECT 1"))
    except psycopg.OperationalError:
        return False


def test_cpu_children_born_while_postgresql_is_away_drop_no_message(tmp_path: Path) -> None:
    with Up(tmp_path / "data", tmp_path / "up.log") as system:
        first = system.client.submit("crunch", {"seconds": 0.01})
        system.until_ended(first.id)
        _, *children = system.pids("worker-cpu")
        os.kill(system.ready["processes"]["postgres"][0], signal.SIGINT)
        for child in children:
            os.kill(child, signal.SIGKILL)
        born = 1 + len(children)
        until(lambda: len(set(system.pids("worker-cpu")) - set(children)) == born, within_s=60)
        until(lambda: answers(system), within_s=60)
        jobs = [system.client.submit("crunch", {"seconds": 0.01}) for _ in range(4)]
        assert {system.until_ended(job.id).state for job in jobs} == {"succeeded"}


def test_a_thawed_cpu_worker_cancels_no_job_that_nobody_cancelled(tmp_path: Path) -> None:
    with Up(
        tmp_path / "data",
        tmp_path / "up.log",
        HAULAGE_ENGINE_LEASE_S="2",
        HAULAGE_ENGINE_HEARTBEAT_S="0.4",
    ) as system:
        job = system.client.submit("crew.nap", {"seconds": 6})
        system.until_state(job.id, "running")
        until(lambda: system.query("SELECT max(in_flight) FROM workers") == [(1,)])
        parent, *_ = system.pids("worker-cpu")
        with psycopg.connect(system.ready["database_url"]) as holder:
            # A write that was frozen half-way holds the row, so the rescue has to pass it by.
            holder.execute("SELECT 1 FROM jobs WHERE id = %s FOR UPDATE", (job.id,))
            os.kill(parent, signal.SIGSTOP)
            until(lambda: workers_that_ended(system) == 1)
            os.kill(parent, signal.SIGCONT)
            until(lambda: "worker.declared_dead" in log_of(system, "worker-cpu"))
        assert system.until_ended(job.id, within_s=60).state == "succeeded"


def workers_that_ended(system: System) -> int:
    return system.query("SELECT count(*) FROM workers WHERE ended_at IS NOT NULL")[0][0]


def log_of(system: System, name: str) -> str:
    return (Path(system.ready["data"]) / "logs" / f"{name}.log").read_text()
