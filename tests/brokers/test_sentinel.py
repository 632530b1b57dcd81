"""Redis behind Sentinels: the master dies, another is chosen, and no job notices."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker_servers import IN_A_GROUP_OF_THEIR_OWN, Watched, watched
from live_system import System, until

from haulage.client import Submission

pytestmark = IN_A_GROUP_OF_THEIR_OWN


@pytest.fixture(scope="module")
def redises(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("sentinel")) as them:
        until(them.agreed, within_s=60)
        yield them


@pytest.fixture(scope="module")
def sentinel_system(redises: Watched, system_on: Callable[..., Any]) -> Iterator[System]:
    with system_on(HAULAGE_REDIS_URL=redises.url) as system:
        yield system


def test_a_master_that_hangs_is_left(redises: Watched, sentinel_system: System) -> None:
    client, workers = sentinel_system.client, worker_pids(sentinel_system)
    jobs = [client.submit("sleep", {"seconds": 1}), client.submit("crunch", {"seconds": 1})]
    for job in jobs:
        sentinel_system.until_state(job.id, "running")
    old = redises.master()
    # Its connections stay open and say nothing, as when a machine is cut off.
    redises.servers[old].signal(signal.SIGSTOP)
    try:
        until(lambda: redises.master() != old, within_s=60)
        jobs += [client.submit("echo", {"value": 1}), client.submit("crunch", {"seconds": 0.1})]
        for job in jobs:
            ended = sentinel_system.until_ended(job.id, within_s=90)
            assert (ended.state, ended.attempt) == ("succeeded", 1)
    finally:
        redises.servers[old].signal(signal.SIGCONT)
    assert worker_pids(sentinel_system) == workers


def test_jobs_survive_the_death_of_the_master(
    redises: Watched, sentinel_system: System, witness: Path
) -> None:
    until(redises.agreed, within_s=60)
    client, workers = sentinel_system.client, worker_pids(sentinel_system)
    sleeper = {"seconds": 6.0}
    before = client.submit_many(
        [Submission("sleep", sleeper)] * 30 + [Submission("crunch", {"seconds": 1})] * 4
    )
    steps = {"witness": str(witness), "steps": 10, "seconds": 0.5}
    before.append(client.submit("crew.steps", steps))
    sentinel_system.until_state(before[0].id, "running")
    sentinel_system.until_state(before[-1].id, "running")
    old = redises.master()
    redises.servers[old].signal(signal.SIGKILL)
    # Accepted while there is no master.
    during = client.submit_many([Submission("echo", {"value": 1})] * 20)
    until(lambda: redises.master() != old, within_s=60)
    after = client.submit_many(
        [Submission("echo", {"value": 1})] * 20 + [Submission("crunch", {"seconds": 0.1})] * 4
    )
    for job in [*before, *during, *after]:
        ended = sentinel_system.until_ended(job.id, within_s=90)
        assert (ended.state, ended.attempt) == ("succeeded", 1)
    # No worker stopped, and what was in flight ran once.
    assert worker_pids(sentinel_system) == workers
    lines = witness.read_text().splitlines()
    assert len(lines) == len(set(lines)) == 11


def test_after_the_failover_jobs_are_as_quick_as_before(sentinel_system: System) -> None:
    job = sentinel_system.client.submit("sleep", {"seconds": 0.1})
    states = [
        event.data["state"]
        for event in sentinel_system.client.stream(job.id)
        if event.event == "state"
    ]
    assert states == ["queued", "running", "succeeded"]
    # One that is cancelled hears of it through the new master.
    job = sentinel_system.client.submit("sleep", {"seconds": 60})
    sentinel_system.until_state(job.id, "running")
    sentinel_system.client.cancel(job.id)
    assert sentinel_system.until_ended(job.id).state == "cancelled"


def worker_pids(system: System) -> tuple[int, int]:
    """The parents of both pools."""
    return min(system.pids("worker-io")), min(system.pids("worker-cpu"))
