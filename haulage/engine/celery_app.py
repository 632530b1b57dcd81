"""The Celery application: one task, named queues, messages that carry job ids and nothing else.

Routing is by queue name alone (the default exchange), so that a `FLUSHALL` cannot take bindings
away. Acknowledgement is late, yet nothing rests on it: a message that is lost is rung again, one
that comes twice finds the job claimed.
"""

from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu.entity import Queue

from haulage.domain.job import Priority
from haulage.engine import transport
from haulage.settings import Settings

TASK = "haulage.run"
RETRY_SUFFIX = ".retry"
PRIORITY_STEPS = [int(priority) for priority in Priority]
SEPARATOR = ":"


def lanes(queue: str) -> tuple[str, str]:
    """The two Celery queues of one of ours: fresh jobs, and retries beside them."""
    return queue, queue + RETRY_SUFFIX


def redis_lists(prefix: str, queue: str) -> list[str]:
    """The Redis lists that hold a queue's messages, over both lanes and all priorities."""
    names = []
    for lane in lanes(queue):
        for step in PRIORITY_STEPS:
            names.append(f"{prefix}{lane}{SEPARATOR}{step}" if step else f"{prefix}{lane}")
    return names


def make_celery(settings: Settings, run: Callable[[Any], None] | None = None) -> Celery:
    """The application for this process; `run` executes a message's ids in a prefork child."""
    app = Celery("haulage", set_as_current=False)
    redis_url = settings.require_redis_url()
    options: dict[str, Any] = {
        "priority_steps": PRIORITY_STEPS,
        "sep": SEPARATOR,
        "queue_order_strategy": "round_robin",
        "global_keyprefix": settings.redis.prefix,
        "visibility_timeout": settings.engine.visibility_s,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
    app.conf.update(
        broker_url=redis_url,
        broker_transport=transport.NAME if redis_url.startswith(("redis:", "rediss:")) else None,
        broker_transport_options=options,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_queues=[
            Queue(lane, routing_key=lane) for queue in settings.queue_pools for lane in lanes(queue)
        ],
        task_create_missing_queues=True,
        task_default_queue="io",
        task_ignore_result=True,
        task_acks_late=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        enable_utc=True,
    )

    def perform(ids: Any = None, *_args: Any, **_kwargs: Any) -> None:
        if run is not None:
            run(ids)

    app.task(name=TASK, acks_late=True, ignore_result=True, shared=False)(perform)
    app.finalize()
    # Receivers are held weakly; the application keeps ours alive.
    app.haulage_logging = keep_our_logging
    setup_logging.connect(keep_our_logging)
    return app


def keep_our_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves logging alone."""
