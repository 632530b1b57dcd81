"""Messages with nonsense in them, and jobs of a type that no worker knows, stop nobody."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import redis
from celery import Celery
from live_system import System, until

from haulage.domain.ids import uuid7
from haulage.engine.celery_app import TASK, make_celery
from haulage.settings import load

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]

NONSENSE: list[tuple[str, tuple, dict]] = [
    ("no.such.task", (), {}),
    (TASK, (), {}),
    (TASK, (["not a uuid"],), {}),
    (TASK, ("text",), {}),
    (TASK, ({"a": 1},), {}),
    (TASK, (None, 2, 3), {"more": True}),
    # Nobody's job: dropped after a look into the table.
    (TASK, ([str(uuid7())],), {}),
]


@pytest.mark.parametrize(("queue", "type"), [("io", "echo"), ("cpu", "crunch")])
def test_nonsense_is_dropped_and_the_worker_goes_on(system: System, queue: str, type: str) -> None:
    workers = system.pids(f"worker-{queue}")
    app: Celery = make_celery(load({"HAULAGE_REDIS_URL": system.ready["redis_url"]}))
    for name, args, kwargs in NONSENSE:
        app.send_task(name, args=args, kwargs=kwargs, queue=queue)
    app.close()
    with redis.Redis.from_url(system.ready["redis_url"]) as client:
        envelope = {"body": "%%", "headers": {}, "properties": {}}
        for message in ("no JSON", "[]", json.dumps(envelope)):
            client.lpush(f"haulage:{queue}", message)
    given = {"value": 1} if type == "echo" else {"seconds": 0.1}
    assert system.until_ended(system.client.submit(type, given).id).state == "succeeded"
    assert set(workers) <= set(system.pids(f"worker-{queue}"))


def test_a_job_of_a_type_that_no_worker_knows_waits_and_is_charged_nothing(system: System) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    job = system.client.submit("echo", {"value": "known again"}, run_at=later)
    system.query(
        "UPDATE jobs SET type = 'of.tomorrow', scheduled_at = now() WHERE id = %s RETURNING id",
        job.id,
    )
    until(lambda: system.client.get(job.id).reason == "unknown_type")
    waiting = system.client.get(job.id)
    assert (waiting.state, waiting.attempt) == ("scheduled", 0)
    # The deploy is through.
    system.query("UPDATE jobs SET type = 'echo' WHERE id = %s RETURNING id", job.id)
    ended = system.until_ended(job.id)
    assert (ended.state, ended.attempt) == ("succeeded", 1)
    reasons = system.query("SELECT data->>'reason' FROM events WHERE job_id = %s", job.id)
    assert ("unknown_type",) in reasons
