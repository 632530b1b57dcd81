"""The Celery application: one task, named queues, messages that carry job ids and nothing else.

Routing is by queue name alone (the default exchange), so that a `FLUSHALL` cannot take bindings
away. Acknowledgement is late, yet nothing rests on it: a message that is lost is rung again, one
that comes twice finds the job claimed. That is why any broker will do, and how each is set up is
all that differs between them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu.entity import Queue

from haulage.brokers.address import AMQP, SENTINEL, Address, read
from haulage.domain.job import Priority
from haulage.domain.job_type import CPU, IO
from haulage.engine import transport
from haulage.engine.canary import CANARY
from haulage.settings import Settings

TASK = "haulage.run"
# The header of a message that says in which span it was sent.
TRACEPARENT = "traceparent"
RETRY_SUFFIX = ".retry"
# Jobs of an io queue that must have a process for themselves; the cpu workers serve it.
ALONE_SUFFIX = ".alone"
PRIORITY_STEPS = [int(priority) for priority in Priority]
SEPARATOR = ":"
# A message waits in its worker before its attempt begins, and for the settlement after its end.
VISIBLE_BEYOND_S = 60


def lanes(queue: str) -> tuple[str, str]:
    """The two Celery queues of one of ours: fresh jobs, and retries beside them."""
    return queue, queue + RETRY_SUFFIX


def all_lanes(queue: str) -> tuple[str, ...]:
    """Every Celery queue of one of ours, whoever serves it."""
    return (*lanes(queue), queue + ALONE_SUFFIX)


def lanes_of_worker(settings: Settings, pool: str, served: Sequence[str]) -> list[str]:
    """What a worker of `pool` that serves the queues `served` consumes.

    The workers of the queue `cpu` take the jobs that must be alone, each in a process of its own.
    """
    consumed = [lane for queue in served for lane in lanes(queue)]
    if pool == CPU and CPU in served:
        consumed += [name + ALONE_SUFFIX for name, its in settings.queue_pools.items() if its == IO]
    return consumed


def redis_lists(prefix: str, queue: str) -> list[str]:
    """The Redis lists that hold a queue's messages for its own workers, over all priorities."""
    names = []
    for lane in lanes(queue):
        for step in PRIORITY_STEPS:
            names.append(f"{prefix}{lane}{SEPARATOR}{step}" if step else f"{prefix}{lane}")
    return names


def make_celery(
    settings: Settings,
    run: Callable[[Any, str | None], None] | None = None,
    *,
    also: Sequence[Queue] = (),
    longest_s: float = 0.0,
) -> Celery:
    """The application for this process; `run` executes a message's ids in a prefork child.

    `also`: queues that only this process knows. `longest_s`: the longest limit of what it runs.
    """
    app = Celery("haulage", set_as_current=False)
    broker = read_broker(settings)
    app.conf.update(
        **(
            _on_rabbitmq(broker)
            if broker.kind == AMQP
            else _on_redis(broker, settings, longest_s=longest_s)
        ),
        broker_url=broker.celery_url(),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # RabbitMQ closes the channel of a message that is unacknowledged for long: start anew.
        broker_channel_error_retry=True,
        task_queues=[
            Queue(lane, routing_key=lane, queue_arguments=queue_arguments(broker))
            for queue in settings.queue_pools
            for lane in all_lanes(queue)
        ]
        + list(also),
        task_create_missing_queues=True,
        task_default_queue="io",
        task_ignore_result=True,
        task_acks_late=True,
        task_serializer="json",
        accept_content=["json"],
        worker_consumer="haulage.engine.consumer:Consumer",
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        enable_utc=True,
    )

    def perform(task: Any, ids: Any = None, *_args: Any, **_kwargs: Any) -> None:
        if run is not None:
            run(ids, rung_by(vars(task.request)))

    app.task(name=TASK, bind=True, acks_late=True, ignore_result=True, shared=False)(perform)
    # The pools catch it before it is run; its coming and going is nobody's business.
    app.task(name=CANARY, ignore_result=True, shared=False, send_events=False)(ignore)
    app.finalize()
    app.haulage_broker = broker
    # Receivers are held weakly; the application keeps ours alive.
    app.haulage_logging = keep_our_logging
    setup_logging.connect(keep_our_logging)
    return app


def rung_by(headers: Any) -> str | None:
    """The context of the ring that a message with these headers came by."""
    found = headers.get(TRACEPARENT) if isinstance(headers, Mapping) else None
    return found if isinstance(found, str) else None


def ignore(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing."""


def read_broker(settings: Settings) -> Address:
    """Where Celery's messages go; raises `SettingsFault`."""
    variable = "HAULAGE_BROKER_URL" if settings.broker.url else "HAULAGE_REDIS_URL"
    return read(settings.require_broker_url(), variable=variable)


def broker_of(app: Celery) -> Address:
    """Where the messages of an application that `make_celery` made go."""
    broker = app.haulage_broker
    assert isinstance(broker, Address)
    return broker


def queue_arguments(broker: Address) -> dict[str, str] | None:
    """Replicated queues on RabbitMQ. Nothing else is asked for, as RabbitMQ refuses a queue that is
    there with other arguments; limits are for its policies."""
    return {"x-queue-type": "quorum"} if broker.kind == AMQP else None


def wire_priority(priority: int, broker: Address) -> int:
    """Ours is Redis's, 0 goes first. On RabbitMQ the highest does; quorum queues know two
    priorities, above 4 and the rest, from version 4.0 on."""
    if broker.kind != AMQP:
        return priority
    return {Priority.HIGH: 9, Priority.NORMAL: 4, Priority.LOW: 0}[Priority(priority)]


def visibility_s(set_s: int, longest_s: float) -> int:
    """After how long a message that is not acknowledged is delivered again, on Redis: as it is set,
    and not while an attempt may still run. The fence would refuse it, for nothing."""
    return max(set_s, math.ceil(longest_s) + VISIBLE_BEYOND_S)


def _on_redis(broker: Address, settings: Settings, *, longest_s: float) -> dict[str, Any]:
    options: dict[str, Any] = {
        "priority_steps": PRIORITY_STEPS,
        "sep": SEPARATOR,
        "queue_order_strategy": "round_robin",
        "global_keyprefix": settings.redis.prefix,
        "visibility_timeout": visibility_s(settings.engine.visibility_s, longest_s),
        "socket_keepalive": True,
        # A Redis that hangs, or whose machine is gone, says nothing: without these a worker would
        # wait for its answer for ever, and find no new master.
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "health_check_interval": 5,
    }
    if broker.kind == SENTINEL:
        options |= {
            "master_name": broker.service,
            "sentinels": broker.hosts,
            "sentinel_kwargs": {
                **broker.sentinel_options(),
                "socket_connect_timeout": 1,
                "socket_timeout": 2,
            },
        }
    return {
        "broker_transport": transport.SENTINEL_NAME if broker.kind == SENTINEL else transport.NAME,
        "broker_transport_options": options,
        "broker_use_ssl": broker.tls.for_redis() if broker.tls else None,
    }


def _on_rabbitmq(broker: Address) -> dict[str, Any]:
    return {
        "broker_transport": transport.RABBIT_NAME,
        # A ring that RabbitMQ has not written down is one that it refused.
        "broker_transport_options": {"confirm_publish": True},
        "broker_use_ssl": broker.tls.for_amqp() if broker.tls else None,
        # Missing queues, too.
        "task_default_queue_type": "quorum",
    }


def keep_our_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves logging alone."""
