"""RabbitMQ carries the messages: deaths, cuts and purges lose nothing and double nothing."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from broker_servers import IN_A_GROUP_OF_THEIR_OWN, Certificates, Rabbit, rabbit
from celery import Celery
from live_system import System, until

from haulage.client import JobView, Submission
from haulage.domain.ids import uuid7
from haulage.domain.job import Priority
from haulage.domain.ports import Bell
from haulage.engine.celery_app import make_celery
from haulage.engine.doorbell import CeleryDoorbell
from haulage.engine.rabbit import RabbitQueueLengths, require_rabbit
from haulage.settings import load
from haulage.telemetry.metrics import DOORBELL_FAILURES

pytestmark = IN_A_GROUP_OF_THEIR_OWN


@pytest.fixture(scope="module")
def node(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rabbit]:
    with rabbit(tmp_path_factory.mktemp("rabbitmq"), certificates) as running:
        yield running


@pytest.fixture(scope="module")
def rabbit_system(node: Rabbit, system_on: Callable[..., Any]) -> Iterator[System]:
    with system_on(HAULAGE_BROKER_URL=node.url) as system:
        yield system


@pytest.fixture
def app(node: Rabbit) -> Iterator[Celery]:
    made = app_at(node.url)
    yield made
    made.close()


def app_at(url: str) -> Celery:
    return make_celery(load({"HAULAGE_REDIS_URL": "redis://unused", "HAULAGE_BROKER_URL": url}))


def test_jobs_of_both_pools_run_and_are_retried(rabbit_system: System, witness: Path) -> None:
    client = rabbit_system.client
    jobs = client.submit_many(
        [Submission("sleep", {"seconds": 0.2})] * 200 + [Submission("crunch", {"seconds": 0.1})] * 6
    )
    flaky = client.submit("crew.flaky", {"witness": str(witness), "fail_times": 2})
    for job in jobs:
        assert rabbit_system.until_ended(job.id).state == "succeeded"
    ended = rabbit_system.until_ended(flaky.id)
    assert (ended.state, ended.attempt) == ("succeeded", 3)


def test_its_queues_are_quorum_queues_and_no_others(rabbit_system: System, node: Rabbit) -> None:
    listed = json.loads(node.ctl("list_queues", "name", "type", "--formatter", "json"))
    lasting = {one["name"]: one["type"] for one in listed if one["type"] != "classic"}
    assert set(lasting) >= {"io", "io.retry", "cpu", "cpu.retry"}
    assert set(lasting.values()) == {"quorum"}
    assert all(name.startswith(("io", "cpu", "haulage")) for name in lasting)
    # Celery's own: replies, control and events of a process, gone with it. None for delays.
    assert not [one for one in listed if one["name"].startswith("celery_delayed")]


def test_readiness_and_the_doctor_know_the_broker(rabbit_system: System, node: Rabbit) -> None:
    ready = httpx.get(f"{rabbit_system.ready['url']}/ready", timeout=20).json()
    assert ready["parts"]["broker"]["ready"]
    assert doctor(node.url)["level"] == "ok"
    wrong = doctor(node.url.replace("test:", "test:x"))
    assert wrong["level"] == "fail"
    assert "ACCESS_REFUSED" in wrong["why"]
    assert "HAULAGE_BROKER_URL" in wrong["mend"]


def doctor(url: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "haulage", "doctor", "-o", "json"],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")},
            "HAULAGE_BROKER_URL": url,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    [finding] = [
        one for one in map(json.loads, done.stdout.splitlines()) if one["what"] == "broker"
    ]
    return finding


def test_it_is_reached_over_tls_and_checked(node: Rabbit, certificates: Certificates) -> None:
    base = node.url.replace("amqp:", "amqps:").replace(f":{node.port}", f":{node.tls_port}")
    assert require_rabbit(app_at(f"{base}?{certificates.query}")) == require_rabbit(
        app_at(node.url)
    )
    unknown = f"{base}?ssl_certfile={certificates.cert}&ssl_keyfile={certificates.key}"
    for url in (unknown, f"{base}?{certificates.query}".replace("127.0.0.1", "127.1")):
        with pytest.raises(Exception, match=r"(?i)certificate"):
            require_rabbit(app_at(url))


def test_inspect_and_revoke_work(rabbit_system: System, app: Celery) -> None:
    job = rabbit_system.client.submit("sleep", {"seconds": 60})
    rabbit_system.until_state(job.id, "running")
    active = app.control.inspect(timeout=3).active() or {}
    assert {name.partition("-")[0] for name in active} == {"io", "cpu"}
    assert str(job.id) in {task["id"] for tasks in active.values() for task in tasks}
    app.control.revoke(str(job.id), terminate=True)
    ended = rabbit_system.until_ended(job.id)
    assert (ended.state, ended.cancelled_by) == ("cancelled", "celery revoke")


def test_killed_workers_cost_no_finished_step(rabbit_system: System, tmp_path: Path) -> None:
    jobs: dict[Path, JobView] = {}
    for name in ("crew.steps", "crew.spin"):
        witness = tmp_path / name
        witness.touch()
        given = {"witness": str(witness), "steps": 6, "seconds": 0.4}
        jobs[witness] = rabbit_system.client.submit(name, given)
    until(lambda: all("step 2 " in witness.read_text() for witness in jobs))
    for pool in ("io", "cpu"):
        for pid in rabbit_system.pids(f"worker-{pool}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    for witness, job in jobs.items():
        ended = rabbit_system.until_ended(job.id, within_s=60)
        assert (ended.state, ended.attempt) == ("succeeded", 1)
        lines = [line.rpartition(" ")[0] for line in witness.read_text().splitlines()]
        assert sum(line.startswith("step") for line in lines) <= 7
        assert lines.count("start") == 2


def cut(node: Rabbit) -> None:
    node.ctl("close_all_connections", "test")


def restart(node: Rabbit) -> None:
    node.process.signal(signal.SIGKILL)
    assert node.process.wait(20)
    node.start_again()


def purge(node: Rabbit) -> None:
    node.ctl("purge_queue", "io")
    node.ctl("purge_queue", "cpu")


@pytest.mark.parametrize("trouble", [cut, restart, purge])
def test_no_worker_stops_and_nothing_is_lost_or_doubled(
    rabbit_system: System, node: Rabbit, witness: Path, trouble: Callable[[Rabbit], None]
) -> None:
    client, workers = rabbit_system.client, worker_pids(rabbit_system)
    # More cpu jobs than its processes and prefetched messages: the rest lies in the queue.
    jobs = client.submit_many(
        [Submission("sleep", {"seconds": 2})] * 20 + [Submission("crunch", {"seconds": 0.3})] * 12
    )
    steps = client.submit("crew.steps", {"witness": str(witness), "steps": 8, "seconds": 0.3})
    rabbit_system.until_state(jobs[0].id, "running")
    rabbit_system.until_state(steps.id, "running")
    trouble(node)
    jobs += client.submit_many([Submission("echo", {"value": 1})] * 10)
    for job in [*jobs, steps]:
        ended: JobView = rabbit_system.until_ended(job.id, within_s=90)
        assert (ended.state, ended.attempt) == ("succeeded", 1)
    assert worker_pids(rabbit_system) == workers
    lines = witness.read_text().splitlines()
    assert len(lines) == len(set(lines)) == 9


def test_a_job_may_run_longer_than_rabbitmq_waits_for_its_acknowledgement(
    rabbit_system: System, node: Rabbit, witness: Path
) -> None:
    workers = worker_pids(rabbit_system)
    patience(node, timeout_ms=1000, look_every_ms=500)
    try:
        # New channels know the new patience.
        cut(node)
        job = rabbit_system.client.submit(
            "crew.steps", {"witness": str(witness), "steps": 10, "seconds": 0.4}
        )
        slow = rabbit_system.client.submit("crunch", {"seconds": 3})
        for one in (job, slow):
            ended = rabbit_system.until_ended(one.id, within_s=60)
            assert (ended.state, ended.attempt) == ("succeeded", 1)
        log = (node.log.parent / "log").glob("*.log")
        assert any(
            "timed out waiting for delivery" in file.read_text(errors="replace") for file in log
        )
    finally:
        patience(node, timeout_ms=1_800_000, look_every_ms=60_000)
        cut(node)
    assert worker_pids(rabbit_system) == workers
    lines = witness.read_text().splitlines()
    assert len(lines) == len(set(lines)) == 11
    # What ended after its channel is no matter for an alarm.
    for log in (rabbit_system.log.parent / "data" / "logs").glob("worker-*.log"):
        assert '"critical"' not in log.read_text()
    # And it works on.
    after = rabbit_system.client.submit("echo", {"value": 1})
    assert rabbit_system.until_ended(after.id).state == "succeeded"


def test_a_ring_after_rabbitmq_closed_the_connection_still_comes(node: Rabbit) -> None:
    settings = {
        "HAULAGE_REDIS_URL": "redis://unused",
        "HAULAGE_BROKER_URL": node.url,
        "HAULAGE_QUEUES": "io=io,bells=io",
    }
    app = make_celery(load(settings))
    doorbell = CeleryDoorbell(app, queue_pools={"bells": "io"})
    doorbell.start()
    lengths = RabbitQueueLengths(app)
    bell = Bell(uuid7(), "bells", Priority.HIGH, rings=1, retry=False)
    with asyncio.Runner() as loop:
        for count in (1, 2):
            doorbell.ring([bell])
            until(lambda count=count: loop.run(lengths("bells")) == count, within_s=60)
            cut(node)
        loop.run(lengths.close())
    doorbell.close(within_s=20)
    assert DOORBELL_FAILURES.labels(queue="bells")._value.get() == 0


def patience(node: Rabbit, *, timeout_ms: int, look_every_ms: int) -> None:
    node.ctl(
        "eval",
        f"application:set_env(rabbit, consumer_timeout, {timeout_ms}), "
        f"application:set_env(rabbit, channel_tick_interval, {look_every_ms}).",
    )


def test_what_lies_in_a_queue_is_counted_over_its_lanes(node: Rabbit, app: Celery) -> None:
    lengths = RabbitQueueLengths(app)
    with asyncio.Runner() as loop:
        assert loop.run(lengths("nobodys")) == 0
        with app.connection_for_write() as connection:
            for lane in ("own", "own.retry"):
                connection.SimpleQueue(lane, queue_args={"x-queue-type": "quorum"}).put({"a": 1})
        # A quorum queue tells its length a moment later.
        until(lambda: loop.run(lengths("own")) == 2)
        node.process.signal(signal.SIGSTOP)
        try:
            assert loop.run(lengths("own")) is None
        finally:
            node.process.signal(signal.SIGCONT)
        until(lambda: loop.run(lengths("own")) == 2, within_s=60)
        loop.run(lengths.close())


def worker_pids(system: System) -> tuple[int, int]:
    """The parents of both pools, once both are there."""
    return min(system.pids("worker-io")), min(system.pids("worker-cpu"))
