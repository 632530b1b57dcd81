"""A dispatcher process."""

import asyncio
from functools import partial

import uvloop

from haulage.brokers.address import AMQP
from haulage.domain.job_type import Registry
from haulage.engine import bus as buses
from haulage.engine.accountant import Accountant
from haulage.engine.announced import Announced
from haulage.engine.celery_app import make_celery, read_broker
from haulage.engine.dispatcher import LEADERSHIP, Dispatcher
from haulage.engine.doorbell import CeleryDoorbell
from haulage.engine.janitor import Janitor
from haulage.engine.model_keeper import ModelKeeper
from haulage.engine.overview import Overview
from haulage.engine.rabbit import RabbitQueueLengths
from haulage.engine.redis_broker import RedisMemory, RedisQueueLengths
from haulage.engine.scheduler import Scheduler
from haulage.settings import Settings
from haulage.storage.announcements import listen
from haulage.storage.leader import Leader
from haulage.storage.queue_reads import QueueReads
from haulage.storage.retention_store import RetentionStore
from haulage.storage.schedule_store import ScheduleStore
from haulage.storage.stat_store import StatStore
from haulage.storage.usage_store import UsageStore
from haulage.storage.vector_store import VectorStore
from haulage.telemetry import tracing
from haulage.telemetry.scrape import Standing, asking
from haulage.wiring.services import (
    load_registry,
    on_signals,
    open_services,
    open_sessions,
    publish_types,
    serve_metrics,
    start,
)
from haulage.wiring.webhooks import open_deliverer

SERVICE = "dispatcher"


def run_dispatcher() -> None:
    """Dispatch, or stand by, until SIGTERM."""
    settings = start("dispatcher")
    registry = load_registry(settings)
    publish_types(settings, registry)
    try:
        uvloop.run(_dispatch(settings, registry))
    finally:
        tracing.stop()


async def _dispatch(settings: Settings, registry: Registry) -> None:
    stop = asyncio.Event()
    on_signals(stop.set)
    app = make_celery(settings)
    doorbell = CeleryDoorbell(app, queue_pools=settings.queue_pools)
    doorbell.start()
    lengths: RabbitQueueLengths | RedisQueueLengths
    memory: RedisMemory | None
    if read_broker(settings).kind == AMQP:
        # It writes messages down before it says that it has them.
        lengths, memory = RabbitQueueLengths(app), None
    else:
        client, prefix = buses.connect(settings.require_broker_url()), settings.redis.prefix
        lengths = RedisQueueLengths(client, prefix=prefix)
        memory = RedisMemory(client, prefix=prefix)
    try:
        async with (
            open_services(
                settings, registry, doorbell, pool_size=5, name="dispatcher", with_caps=True
            ) as services,
            open_deliverer(settings, services) as deliverer,
            # One to lead, one to listen.
            open_sessions(settings, services, size=2, name=SERVICE) as sessions,
        ):
            dispatcher = Dispatcher(
                services,
                Leader(sessions, LEADERSHIP),
                settings=settings.engine,
                queues=settings.queue_pools,
                queue_lengths=lengths,
                memory=memory,
                chores=(
                    Scheduler(ScheduleStore(services.database, services.clock), services),
                    Janitor(
                        RetentionStore(services.database, services.clock),
                        services.credits,
                        services.blobs,
                        services.clock,
                        settings.retention,
                    ),
                    Accountant(StatStore(services.database), services.clock),
                    Overview(
                        QueueReads(services.database),
                        services.clock,
                        queues=settings.queue_pools,
                    ),
                    ModelKeeper(
                        VectorStore(services.database, services.clock),
                        UsageStore(services.database),
                        services.clock,
                        cache_bytes=settings.providers.cache_bytes,
                    ),
                    deliverer,
                ),
                announced=Announced(lambda: listen(sessions)),
            )
            health = asking(lambda: _health(dispatcher), service=SERVICE)
            ready = asking(partial(_ready, dispatcher, settings.engine.lease_s), service=SERVICE)
            serve_metrics(settings, SERVICE, health=health, ready=ready)
            await dispatcher.run(stop)
    finally:
        doorbell.close()
        await lengths.close()


async def _health(dispatcher: Dispatcher) -> Standing:
    return Standing(True, {"status": "ok", "service": SERVICE, "leads": dispatcher.leads})


async def _ready(dispatcher: Dispatcher, lease_s: float) -> Standing:
    """Whether it could lead: a candidate that PostgreSQL does not answer leads nobody."""
    answered = dispatcher.silent_s < lease_s
    status = "ready" if answered else "not_ready"
    failing = [] if answered else ["postgres"]
    return Standing(answered, {"status": status, "service": SERVICE, "failing": failing})
