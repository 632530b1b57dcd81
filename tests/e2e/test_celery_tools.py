"""Celery's own tools work on Haulage's workers: inspect, events, revoke."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from celery import Celery
from live_system import System, until

from haulage.engine.celery_app import make_celery
from haulage.settings import load

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]


@pytest.fixture
def app(system: System) -> Iterator[Celery]:
    made = make_celery(load({"HAULAGE_REDIS_URL": system.ready["redis_url"]}))
    yield made
    made.close()


def test_inspect_answers_for_both_pools(system: System, app: Celery) -> None:
    job = system.client.submit("sleep", {"seconds": 20})
    system.until_state(job.id, "running")
    inspect = app.control.inspect(timeout=10, limit=2)
    active = {task["id"] for tasks in (inspect.active() or {}).values() for task in tasks}
    assert str(job.id) in active
    stats = inspect.stats() or {}
    assert {name.partition("-")[0] for name in stats} == {"io", "cpu"}
    assert all("haulage.run" in tasks for tasks in (inspect.registered() or {}).values())
    system.client.cancel(job.id)
    system.until_ended(job.id)


@pytest.mark.parametrize(("type", "seconds"), [("sleep", 60), ("crunch", 60)])
def test_a_revoke_with_terminate_ends_the_job_as_cancelled(
    system: System, app: Celery, type: str, seconds: float
) -> None:
    job = system.client.submit(type, {"seconds": seconds})
    system.until_state(job.id, "running")
    app.control.revoke(str(job.id), terminate=True, signal="SIGTERM")
    ended = system.until_ended(job.id)
    assert (ended.state, ended.cancelled_by) == ("cancelled", "celery revoke")
    # The pool goes on.
    after = system.client.wait(system.client.submit(type, {"seconds": 0.1}).id, timeout_s=30)
    assert after.state == "succeeded"


def test_the_celery_command_finds_the_application(system: System) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "haulage.wiring", "inspect", "ping"],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")},
            "HAULAGE_REDIS_URL": system.ready["redis_url"],
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("pong") == 2


def test_celery_events_tell_of_jobs_by_their_id(system: System, app: Celery) -> None:
    seen: set[tuple[str, str]] = set()

    def note(event: dict) -> None:
        # A doorbell that was rung again on a busy machine is `<id>.<n>`.
        seen.add((event.get("uuid", "").partition(".")[0], event["type"]))

    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": note})
        with receiver.consumer_context() as (opened, _channel, _consumers):

            def hears(wanted: Callable[[], bool]) -> bool:
                # One event a call, and every worker sends heartbeats.
                with contextlib.suppress(TimeoutError, OSError):
                    while not wanted():
                        opened.drain_events(timeout=0.5)
                return wanted()

            # On Redis listening begins with the first look, and what came before is not heard.
            until(lambda: hears(lambda: bool(seen)), within_s=60)
            job = system.client.submit("echo", {"value": 1})
            told = (str(job.id), "task-succeeded")
            until(lambda: hears(lambda: told in seen), within_s=60)
