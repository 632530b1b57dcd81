"""Flower beside Haulage: it lists our workers and jobs, lets nobody in without the password, and
its revoke ends a job."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from live_system import System, until

from haulage.client import JobView
from haulage.runtime import ports

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]


@pytest.fixture(scope="module")
def flower(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with ports.claim(None) as held:
        port = held.number
    log = tmp_path_factory.mktemp("flower") / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "-A", "haulage.wiring", "flower"),
                *("--address=127.0.0.1", f"--port={port}", "--basic-auth=ada:lovelace"),
            ],
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")},
                "HAULAGE_REDIS_URL": system.ready["redis_url"],
            },
            stdout=written,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
        )
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", auth=("ada", "lovelace"), timeout=20
            ) as client:
                until(lambda: answers(client) or died(process, log), within_s=60)
                yield client
        finally:
            process.terminate()
            process.wait(20)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthcheck").status_code == 200
    except httpx.TransportError:
        return False


def died(process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    return False


def revoke(flower: httpx.Client, job: JobView, *, terminate: bool) -> None:
    answer = flower.post(f"/api/task/revoke/{job.id}?terminate={str(terminate).lower()}")
    assert answer.status_code == 200, answer.text


def test_it_lists_the_workers_of_both_pools_to_those_who_know_the_password(
    flower: httpx.Client,
) -> None:
    for path in ("/api/tasks", "/api/workers", "/"):
        assert httpx.get(flower.base_url.join(path)).status_code == 401
        assert httpx.get(flower.base_url.join(path), auth=("ada", "wrong")).status_code == 401
        assert flower.get(path).status_code == 200

    def pools() -> set[str]:
        return {name.partition("-")[0] for name in flower.get("/api/workers?refresh=1").json()}

    until(lambda: pools() == {"io", "cpu"}, within_s=60)
    workers = flower.get("/api/workers").json()
    queues = {queue["name"] for one in workers.values() for queue in one["active_queues"]}
    assert queues >= {"io", "io.retry", "cpu", "cpu.retry"}


def test_a_job_is_a_task_with_the_jobs_id(system: System, flower: httpx.Client) -> None:
    def state(job: JobView) -> str | None:
        task = flower.get("/api/tasks").json().get(str(job.id), {})
        return task.get("state")

    for name in ("sleep", "crunch"):
        job = system.client.submit(name, {"seconds": 0.2})
        until(lambda job=job: state(job) == "SUCCESS", within_s=60)
        assert system.client.get(job.id).state == "succeeded"


@pytest.mark.parametrize("name", ["sleep", "crunch"])
def test_its_revoke_ends_a_running_job_as_cancelled(
    system: System, flower: httpx.Client, name: str
) -> None:
    job = system.client.submit(name, {"seconds": 60})
    system.until_state(job.id, "running")
    revoke(flower, job, terminate=True)
    ended = system.until_ended(job.id)
    assert (ended.state, ended.cancelled_by) == ("cancelled", "celery revoke")


def test_its_revoke_ends_a_cpu_job_that_waits_as_cancelled(
    system: System, flower: httpx.Client
) -> None:
    # Both processes have work for longer than the test takes.
    busy = [system.client.submit("crunch", {"seconds": 60}) for _ in range(2)]
    for job in busy:
        system.until_state(job.id, "running")
    waits = system.client.submit("crunch", {"seconds": 60})
    try:
        revoke(flower, waits, terminate=False)
        ended = system.until_ended(waits.id)
        assert (ended.state, ended.cancelled_by) == ("cancelled", "celery revoke")
        assert ended.started_at is None
    finally:
        for job in (*busy, waits):
            system.client.cancel(job.id)
    assert {system.until_ended(job.id).cancelled_by for job in busy}.isdisjoint({"celery revoke"})
