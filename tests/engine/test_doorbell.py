"""The doorbell on real Redis: the shape of its messages, and its calm when Redis is not there."""

import base64
import gc
import json
import pickle
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import redis
from celery.signals import setup_logging
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads, prepare_accept_content

from haulage.domain.bulk import QUEUE
from haulage.domain.ids import uuid7
from haulage.domain.job import Priority
from haulage.domain.ports import Bell
from haulage.engine.celery_app import lanes, lanes_of_worker, make_celery, redis_lists
from haulage.engine.doorbell import IDS_PER_MESSAGE, MOST_PER_MESSAGE, CeleryDoorbell
from haulage.settings import load
from haulage.telemetry.metrics import DOORBELL_FAILURES

PREFIX = "haulage:"
POOLS = {"io": "io", "cpu": "cpu"}


@pytest.fixture
def broker(redis_url: str) -> Iterator["redis.Redis[bytes]"]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def doorbell(redis_url: str) -> Iterator[CeleryDoorbell]:
    made = doorbell_at(redis_url)
    made.start()
    yield made
    made.close()


def doorbell_at(redis_url: str) -> CeleryDoorbell:
    return CeleryDoorbell(make_celery(load({"HAULAGE_REDIS_URL": redis_url})), queue_pools=POOLS)


def bell(job_id: UUID | None = None, **given: Any) -> Bell:
    return Bell(
        **{
            "job_id": job_id or uuid7(),
            "queue": "io",
            "priority": Priority.NORMAL,
            "rings": 1,
            "retry": False,
            **given,
        }
    )


def until(look: Callable[[], Any], within_s: float = 20.0) -> Any:
    """The first answer that is true, polled for."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)
    return found


def messages(broker: Any, name: str) -> list[dict[str, Any]]:
    """The messages in one Redis list, oldest first: task, id, the job ids, priority."""
    found = []
    for raw in reversed(broker.lrange(PREFIX + name, 0, -1)):
        envelope = json.loads(raw)
        args, _, _ = json.loads(base64.b64decode(envelope["body"]))
        found.append(
            {
                "task": envelope["headers"]["task"],
                "id": envelope["headers"]["id"],
                "ids": args[0],
                "shown": envelope["headers"]["argsrepr"],
                "priority": envelope["properties"]["priority"],
            }
        )
    return found


def test_a_single_job_travels_under_its_own_id(broker: Any, doorbell: CeleryDoorbell) -> None:
    job_id = uuid7()
    doorbell.ring([bell(job_id)])
    [message] = until(lambda: messages(broker, "io:3"))
    assert message == {
        "task": "haulage.run",
        "id": str(job_id),
        "ids": [str(job_id)],
        "shown": str(job_id),
        "priority": 3,
    }


def test_each_further_doorbell_of_a_job_has_an_id_of_its_own(
    broker: Any, doorbell: CeleryDoorbell
) -> None:
    job_id = uuid7()
    doorbell.ring([bell(job_id, rings=3)])
    [message] = until(lambda: messages(broker, "io:3"))
    assert (message["id"], message["ids"]) == (f"{job_id}.3", [str(job_id)])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"priority": Priority.HIGH}, "io"),
        ({"priority": Priority.LOW}, "io:6"),
        ({"retry": True}, "io.retry:3"),
        ({"retry": True, "priority": Priority.HIGH}, "io.retry"),
        ({"queue": "cpu"}, "cpu:3"),
        ({"queue": "cpu", "retry": True}, "cpu.retry:3"),
        ({"alone": True}, "io.alone:3"),
        ({"alone": True, "retry": True}, "io.alone:3"),
        ({"alone": True, "queue": "cpu"}, "cpu:3"),
    ],
)
def test_queue_priority_and_retry_choose_the_list(
    broker: Any, doorbell: CeleryDoorbell, given: dict[str, Any], name: str
) -> None:
    doorbell.ring([bell(**given)])
    assert len(until(lambda: messages(broker, name))) == 1
    own = redis_lists(PREFIX, given.get("queue", "io"))
    assert (PREFIX + name in own) == (name != "io.alone:3")


def test_io_jobs_that_wait_together_go_together_and_in_order(
    broker: Any, doorbell: CeleryDoorbell
) -> None:
    bells = [bell() for _ in range(IDS_PER_MESSAGE + 5)]
    doorbell.ring(bells)
    first, second = until(lambda: (found := messages(broker, "io:3"))[1:] and found)
    assert first["ids"] + second["ids"] == [str(one.job_id) for one in bells]
    assert len(first["ids"]) == IDS_PER_MESSAGE
    assert first["id"] not in first["ids"]
    assert first["shown"] == f"{IDS_PER_MESSAGE} jobs"


def test_many_jobs_go_by_quarters_up_to_a_most(broker: Any, doorbell: CeleryDoorbell) -> None:
    doorbell.ring([bell() for _ in range(4 * MOST_PER_MESSAGE + 4)])
    sent = until(lambda: (found := messages(broker, "io:3"))[4:] and found)
    assert [len(message["ids"]) for message in sent] == [MOST_PER_MESSAGE] * 4 + [4]
    doorbell.ring([bell(priority=Priority.HIGH) for _ in range(4 * IDS_PER_MESSAGE + 40)])
    sent = until(lambda: (found := messages(broker, "io"))[3:] and found)
    assert [len(message["ids"]) for message in sent] == [IDS_PER_MESSAGE + 10] * 4


def test_cpu_jobs_travel_one_by_one(broker: Any, doorbell: CeleryDoorbell) -> None:
    bells = [bell(queue="cpu") for _ in range(5)]
    doorbell.ring(bells)
    found = until(lambda: (found := messages(broker, "cpu:3"))[4:] and found)
    assert [message["ids"] for message in found] == [[str(one.job_id)] for one in bells]


def test_rings_of_different_lanes_never_share_a_message(
    broker: Any, doorbell: CeleryDoorbell
) -> None:
    fresh, again, high = bell(), bell(retry=True), bell(priority=Priority.HIGH)
    alone = [bell(alone=True), bell(alone=True)]
    doorbell.ring([fresh, again, high, *alone])
    lone = until(lambda: (found := messages(broker, "io.alone:3"))[1:] and found)
    assert [message["ids"] for message in lone] == [[str(one.job_id)] for one in alone]
    for name, one in (("io:3", fresh), ("io.retry:3", again), ("io", high)):
        [message] = until(lambda name=name: messages(broker, name))
        assert message["ids"] == [str(one.job_id)]


def test_closing_sends_what_waits(broker: Any, redis_url: str) -> None:
    doorbell = doorbell_at(redis_url)
    doorbell.ring([bell(), bell()])
    doorbell.start()
    doorbell.close(within_s=20)
    [message] = messages(broker, "io:3")
    assert len(message["ids"]) == 2


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A server that takes connections and never says a word, as a Redis that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("redis_is", ["gone", "hanging"])
def test_ringing_without_redis_neither_blocks_nor_raises(redis_is: str, silent_url: str) -> None:
    doorbell = doorbell_at(silent_url if redis_is == "hanging" else "redis://127.0.0.1:1/0")
    doorbell.start()
    started = time.monotonic()
    for _ in range(1000):
        doorbell.ring([bell()])
    # Half a second for each would be minutes.
    assert time.monotonic() - started < 5
    doorbell.close(within_s=15)
    assert not doorbell._thread.is_alive()


def test_what_is_refused_twice_is_dropped_and_counted() -> None:
    refused = DOORBELL_FAILURES.labels(queue="refused")._value
    doorbell = doorbell_at("redis://127.0.0.1:1/0")
    doorbell.start()
    doorbell.ring([bell(queue="refused")])
    until(lambda: refused.get() == 1)
    assert not doorbell._waiting
    doorbell.close(within_s=5)


def test_a_flush_of_redis_harms_no_later_ring(broker: Any, doorbell: CeleryDoorbell) -> None:
    doorbell.ring([bell()])
    until(lambda: messages(broker, "io:3"))
    broker.flushdb()
    later = bell(), bell(retry=True)
    doorbell.ring(later)
    for name, one in (("io:3", later[0]), ("io.retry:3", later[1])):
        [message] = until(lambda name=name: messages(broker, name))
        assert message["ids"] == [str(one.job_id)]


def test_a_ring_after_redis_dropped_the_connection_still_comes(
    broker: Any, doorbell: CeleryDoorbell
) -> None:
    doorbell.ring([bell()])
    until(lambda: messages(broker, "io:3"))
    cut_others(broker)
    one = bell(priority=Priority.HIGH)
    doorbell.ring([one])
    [message] = until(lambda: messages(broker, "io"))
    assert message["ids"] == [str(one.job_id)]


def cut_others(broker: Any) -> None:
    """End every connection to this database but the test's own."""
    own = broker.client_info()
    for client in broker.client_list():
        # The server is everybody's; the database is this test's.
        if client["db"] == str(own["db"]) and client["id"] != str(own["id"]):
            broker.client_kill_filter(_id=client["id"])


def test_lanes_of_a_queue_are_its_name_and_its_retries() -> None:
    assert lanes("ocr") == ("ocr", "ocr.retry")


def test_signal_receivers_are_kept_alive(redis_url: str) -> None:
    app = make_celery(load({"HAULAGE_REDIS_URL": redis_url}))
    gc.collect()
    alive = [one for _, one in setup_logging.receivers if not callable(one) or one() is not None]
    assert alive
    assert setup_logging.send(sender=app)


def test_the_application_routes_by_queue_name_alone(redis_url: str) -> None:
    app = make_celery(load({"HAULAGE_REDIS_URL": redis_url, "HAULAGE_QUEUES": "io=io,ocr=cpu"}))
    names = {queue.name for queue in app.conf.task_queues}
    expected = {
        f"{name}{lane}" for name in ("io", "ocr", QUEUE) for lane in ("", ".retry", ".alone")
    }
    assert names == expected
    assert all(queue.routing_key == queue.name for queue in app.conf.task_queues)
    assert app.conf.task_acks_late
    assert app.conf.accept_content == ["json"]
    assert "haulage.run" in app.tasks


@pytest.mark.parametrize(("longest_s", "seconds"), [(60.0, 3600), (3660.5, 3721)])
def test_a_message_is_not_delivered_again_while_its_job_may_still_run(
    redis_url: str, longest_s: float, seconds: int
) -> None:
    app = make_celery(load({"HAULAGE_REDIS_URL": redis_url}), longest_s=longest_s)
    assert app.conf.broker_transport_options["visibility_timeout"] == seconds


def test_a_pickled_message_is_not_opened(redis_url: str) -> None:
    # Who can write to the broker must not be able to run what they like.
    settings = load({"HAULAGE_REDIS_URL": redis_url})
    taken = prepare_accept_content(make_celery(settings).conf.accept_content)
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps([]), "application/x-python-serialize", "binary", accept=taken)
    assert loads(b"[]", "application/json", "utf-8", accept=taken) == []


def test_the_workers_of_the_queue_cpu_serve_the_lanes_of_jobs_that_must_be_alone() -> None:
    settings = load({"HAULAGE_QUEUES": "io=io,web=io,cpu=cpu,ocr=cpu"})
    assert lanes_of_worker(settings, "io", ["io"]) == ["io", "io.retry"]
    assert lanes_of_worker(settings, "cpu", ["ocr"]) == ["ocr", "ocr.retry"]
    served = lanes_of_worker(settings, "cpu", ["cpu"])
    assert served == ["cpu", "cpu.retry", "io.alone", "web.alone", f"{QUEUE}.alone"]
