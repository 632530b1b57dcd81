"""What every process of ours is made of: settings, servers, services."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from redis.exceptions import RedisError

from haulage import handlers
from haulage.accounts import prices
from haulage.brokers.address import AMQP
from haulage.domain.caps import Caps, uncapped
from haulage.domain.clock import SystemClock
from haulage.domain.errors import Unavailable
from haulage.domain.job_type import Registry
from haulage.domain.language_model import Models, NoModels
from haulage.domain.ports import Doorbell, FreeRoad, Traffic
from haulage.engine import bulk
from haulage.engine import bus as buses
from haulage.engine.celery_app import make_celery, read_broker
from haulage.engine.rabbit import require_rabbit
from haulage.engine.services import Services
from haulage.engine.usage_ledger import StoredLedger
from haulage.settings import Settings, load
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.dispatch_store import DispatchStore
from haulage.storage.event_store import EventStore
from haulage.storage.file_store import FileStore
from haulage.storage.job_store import JobStore
from haulage.storage.sealing import Sealer
from haulage.storage.step_store import StepStore
from haulage.storage.type_store import TypeStore
from haulage.storage.usage_store import UsageStore
from haulage.storage.vector_store import VectorStore
from haulage.storage.worker_store import WorkerStore
from haulage.telemetry import faults, logs, scrape, tracing
from haulage.telemetry.relay import Relay
from haulage.wiring import collector
from haulage.wiring.limits import open_book, open_limits
from haulage.wiring.tables import require_tables

CALIBRATE_EVERY_S = 60.0
REDIS_HINT = (
    "Check HAULAGE_REDIS_URL and that Redis runs there, "
    "or run `haulage up`, which starts one on this machine."
)

BROKER_HINT = "Check HAULAGE_BROKER_URL and that Redis runs there, or unset it."


def load_registry(settings: Settings) -> Registry:
    """The job types of this installation: ours, installed packages', `HAULAGE_HANDLERS`; at the
    prices that are set. Raises `SettingsFault`."""
    registry = handlers.load_all(settings.handlers)
    bulk.declare_in(registry)
    prices.set_prices(registry, prices.from_file(Path(settings.config)))
    return registry


def publish_types(settings: Settings, registry: Registry) -> None:
    """Tell the database what this process knows, for those who submit there."""

    async def publish() -> None:
        database = make_database(settings, pool_size=1, name="types")
        try:
            clock = SystemClock()
            await database.calibrate(clock)
            await TypeStore(database, clock).publish(registry, settings.queue_pools)
        finally:
            await database.close()

    asyncio.run(publish())


@asynccontextmanager
async def open_services(
    settings: Settings,
    registry: Registry,
    doorbell: Doorbell,
    *,
    pool_size: int,
    name: str,
    with_models: bool = False,
    with_caps: bool = False,
) -> AsyncIterator[Services]:
    """The services for the running event loop, closed at the end.

    `with_models`: jobs run here, and may call language models. `with_caps`: jobs are rung here as
    their tenants' caps allow.
    """
    clock = SystemClock()
    database = make_database(settings, pool_size=pool_size, name=name)
    blobs = Blobs.open(
        settings.blob.url, inline_bytes=settings.blob.inline_bytes, sealer=database.sealer
    )
    bus = make_bus(settings)
    opened = AsyncExitStack()
    models: Models = NoModels()
    traffic: Traffic = FreeRoad()
    caps: Callable[[], Caps] = uncapped
    if with_caps:
        caps = (await opened.enter_async_context(open_book(settings, database, clock))).caps
    if with_models:
        # Only workers pay for the import of providers and their HTTP client.
        from haulage.wiring.models import open_models

        ledger = StoredLedger(UsageStore(database), clock)
        opened.push_async_callback(ledger.drain)
        limits = await opened.enter_async_context(open_limits(settings, database, clock))
        traffic, caps = limits.traffic, limits.book.caps
        gateway = open_models(
            settings.providers,
            traffic=traffic,
            ledger=ledger,
            cache=VectorStore(database, clock),
        )
        models = await opened.enter_async_context(gateway)
    services = Services(
        database=database,
        clock=clock,
        registry=registry,
        blobs=blobs,
        jobs=JobStore(database, blobs, clock, caps),
        dispatch=DispatchStore(database, clock, caps),
        events=EventStore(database, clock),
        steps=StepStore(database, blobs, clock),
        files=FileStore(database, blobs, clock),
        workers=WorkerStore(database, clock),
        doorbell=doorbell,
        event_bell=bus,
        worker_bell=bus,
        models=models,
        traffic=traffic,
        caps=caps,
    )
    keeping_time = asyncio.get_running_loop().create_task(_keep_time(services))
    try:
        await services.calibrate()
        yield services
        await services.drain()
    finally:
        keeping_time.cancel()
        await opened.aclose()
        await bus.close()
        await database.close()


def make_database(settings: Settings, *, pool_size: int, name: str) -> Database:
    """For statements and transactions, which may go through a pooler."""
    return Database(
        settings.require_database_url(),
        pool_size=pool_size,
        connect_timeout_s=settings.database.connect_timeout_s,
        name=f"haulage-{name}",
        pooled=settings.database.pooled,
        sealer=Sealer(settings.payload.key_list, writes_plain=settings.payload.writes_plain),
    )


@asynccontextmanager
async def open_sessions(
    settings: Settings, services: Services, *, size: int, name: str
) -> AsyncIterator[Database]:
    """For what belongs to a session, at most `size` at once: past a pooler if there is one."""
    url = settings.database.direct_url
    if url is None:
        yield services.database
        return
    sessions = Database(
        url,
        pool_size=size,
        connect_timeout_s=settings.database.connect_timeout_s,
        name=f"haulage-{name}-session",
    )
    try:
        yield sessions
    finally:
        await sessions.close()


async def _keep_time(services: Services) -> None:
    """Follow PostgreSQL's clock for as long as the process lives: machines drift and are set."""
    while True:
        await asyncio.sleep(CALIBRATE_EVERY_S)
        with suppress(Unavailable):
            await services.calibrate()


def make_bus(settings: Settings) -> buses.Bus:
    """The bus of one event loop."""
    return buses.Bus(buses.connect(settings.require_redis_url()), prefix=settings.redis.prefix)


@asynccontextmanager
async def open_orders(settings: Settings) -> AsyncIterator[buses.Orders]:
    """What wakes a worker's pulse."""
    client = buses.connect(settings.require_redis_url())
    orders = buses.Orders(buses.Listener(client, f"{settings.redis.prefix}orders"))
    try:
        yield orders
    finally:
        await orders.close()
        await client.aclose()


def require_servers(settings: Settings) -> None:
    """Raise `Unavailable`, with the command that helps, unless servers and tables are there."""
    require_tables(settings.require_database_url())
    asyncio.run(_require_redis(settings.require_redis_url(), REDIS_HINT))
    broker = read_broker(settings)
    if broker.kind == AMQP:
        require_rabbit(make_celery(settings))
    elif settings.broker.url:
        asyncio.run(_require_redis(settings.broker.url, BROKER_HINT))


async def _require_redis(url: str, hint: str) -> None:
    client = buses.connect(url)
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        raise Unavailable(f"Redis does not let us in: {error}", hint=hint) from error
    finally:
        await client.aclose()


def start(role: str) -> Settings:
    """Settings, logs and servers for a process of ours."""
    settings = load()
    logs.configure(level=settings.log.level, format=settings.log.format)
    require_servers(settings)
    logs.bind(role=role)
    tracing.start(role)
    faults.start(role)
    collector.calm()
    return settings


def serve_metrics(
    settings: Settings,
    service: str,
    *,
    port: int | None = None,
    health: scrape.Question,
    ready: scrape.Question,
    relay: Relay | None = None,
) -> None:
    """`/metrics`, `/health` and `/ready` of a process that has no HTTP API, where its settings or
    `port` say where."""
    chosen = settings.metrics.port or port
    if chosen is not None:
        scrape.serve(
            settings.metrics.host,
            chosen,
            service=service,
            health=health,
            ready=ready,
            relay=relay,
        )


def on_signals(act: Callable[[], None]) -> None:
    """Call `act` on SIGTERM and SIGINT, on the running loop."""
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, act)
