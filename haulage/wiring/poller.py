"""A poller process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random

import uvloop
from pydantic import ValidationError

from haulage.connectors.oauth2 import ClientCredentials
from haulage.connectors.poller import SourcePoller
from haulage.connectors.poller import Standing as SourceStanding
from haulage.connectors.puller import Patience, Puller
from haulage.connectors.remote import Remote
from haulage.connectors.reporter import Reporter
from haulage.connectors.source import SourceBody, from_file, require_types
from haulage.connectors.sources import ai_tasks
from haulage.connectors.wire import Wire
from haulage.domain.backoff import Backoff
from haulage.domain.job_type import Registry
from haulage.engine.celery_app import make_celery
from haulage.engine.depth import Depth
from haulage.engine.doorbell import CeleryDoorbell
from haulage.engine.intake import Intake
from haulage.engine.services import Services
from haulage.engine.window import Window
from haulage.limits.config import TASKS_POOL
from haulage.limits.errors import RedisAway
from haulage.limits.installation import Limits
from haulage.limits.limit import Measure, Period
from haulage.settings import Settings, SettingsFault
from haulage.settings.limits import LimitsSettings
from haulage.storage.job_reads import JobReads
from haulage.storage.leader import Leader
from haulage.storage.pull_store import PullStore
from haulage.telemetry import tracing
from haulage.telemetry.scrape import Standing, asking
from haulage.wiring.limits import open_limits
from haulage.wiring.services import (
    load_registry,
    on_signals,
    open_services,
    open_sessions,
    publish_types,
    serve_metrics,
    start,
)

SERVICE = "poller"
NO_SOURCES = (
    "There is no source to pull tasks from. Set API_BASE_URL for the source `ai-tasks`, or write "
    "[sources.NAME] into haulage.toml (another place: HAULAGE_CONFIG)."
)


def run_poller() -> None:
    """Pull and report, or stand by, until SIGTERM. Raises `SettingsFault` without a source."""
    settings = start("poller")
    sources = sources_of(settings)
    if not sources:
        raise SettingsFault(NO_SOURCES)
    registry = load_registry(settings)
    require_types(sources, registry)
    publish_types(settings, registry)
    try:
        uvloop.run(_poll(settings, sources, registry))
    finally:
        tracing.stop()


def sources_of(settings: Settings) -> dict[str, SourceBody]:
    """Those of the file, and the environment's unless the file has one of that name. Raises
    `SettingsFault`."""
    try:
        given = ai_tasks.from_environment(settings.poller)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        lines = [f"{'.'.join(str(one) for one in item['loc'])}: {item['msg']}" for item in faults]
        raise SettingsFault("The source `ai-tasks` (API_BASE_URL): " + "; ".join(lines)) from error
    return {**given, **from_file(Path(settings.config))}


async def _poll(settings: Settings, sources: dict[str, SourceBody], registry: Registry) -> None:
    stop = asyncio.Event()
    on_signals(stop.set)
    doorbell = CeleryDoorbell(make_celery(settings), queue_pools=settings.queue_pools)
    doorbell.start()
    try:
        async with (
            # A lead holds a connection for as long as it lasts.
            open_services(
                settings, registry, doorbell, pool_size=5 + len(sources), name="poller"
            ) as services,
            open_limits(settings, services.database, services.clock) as limits,
            open_pollers(settings, sources, services, limits) as pollers,
            asyncio.TaskGroup() as group,
        ):
            serve_metrics(
                settings,
                SERVICE,
                port=settings.poller.metrics_port,
                health=asking(partial(health, settings.limits, limits), service=SERVICE),
                ready=asking(partial(readiness, pollers), service=SERVICE),
            )
            for one in pollers:
                group.create_task(one.run(stop))
    finally:
        doorbell.close()


async def health(settings: LimitsSettings, limits: Limits) -> Standing:
    """Row B9's answer. The usage is empty where no limit is in force or Redis does not answer."""
    usage: dict[str, dict[str, int]] = {}
    with suppress(RedisAway):
        for view in await limits.limiter.standing(TASKS_POOL):
            if view.limit.period is not None and view.limit.measure is Measure.REQUESTS:
                usage[view.limit.period] = {
                    "current": view.current,
                    "limit": view.most,
                    "remaining": view.remaining,
                }
    strategies = [one.strategy for one in limits.book.pool(TASKS_POOL).limits]
    document = {
        "status": "ok",
        "service": SERVICE,
        "rate_limiting": {
            "enabled": bool(strategies),
            "strategy": strategies[0] if strategies else settings.strategy,
            "current_usage": {period: usage[period] for period in Period if period in usage},
        },
    }
    return Standing(True, document)


async def readiness(pollers: Sequence[SourcePoller]) -> Standing:
    """Whether each source is led here or somewhere else, by what the database says."""
    sources = {one.name: one.standing for one in pollers}
    knows = SourceStanding.UNKNOWN not in sources.values()
    status = "ready" if knows else "not_ready"
    return Standing(knows, {"status": status, "service": SERVICE, "sources": sources})


@asynccontextmanager
async def open_pollers(
    settings: Settings, sources: dict[str, SourceBody], services: Services, limits: Limits
) -> AsyncIterator[list[SourcePoller]]:
    """A poller for each source, on the running event loop."""
    opened = AsyncExitStack()
    sessions = await opened.enter_async_context(
        open_sessions(settings, services, size=len(sources), name=SERVICE)
    )
    clock = services.clock
    wire = Wire(now=clock.now)
    intake = Intake(
        services,
        queue_pools=settings.queue_pools,
        window=Window(settings.engine.window, services.dispatch.rung_waiting),
        depth=Depth(settings.engine.queue_depth, JobReads(services.database, services.blobs).depth),
    )
    store = PullStore(services.database, services.blobs, clock)
    # One pair of settings for all who are patient: MAX_RETRIES and RETRY_BACKOFF_FACTOR.
    backoff = Backoff(base_s=2.0, factor=settings.providers.backoff_factor)
    random = Random()  # noqa: S311 - jitter, no secret
    pollers = []
    for name, source in sources.items():
        credentials = None
        if source.oauth2 is not None:
            credentials = ClientCredentials(
                source.oauth2, wire, timeout_s=source.timeout_s, now=clock.now
            )
        remote = Remote(name, source, wire, limits.breakers, credentials)
        puller = Puller(
            name,
            source,
            remote=remote,
            store=store,
            intake=intake,
            limiter=limits.limiter,
            patience=Patience(settings.providers.retries, backoff),
            random=random,
            now=asyncio.get_running_loop().time,
        )
        reporter = Reporter(
            name,
            source,
            remote=remote,
            store=store,
            backoff=backoff,
            random=random,
            now=clock.now,
            ended=puller.room.set,
        )
        leader = Leader(sessions, f"poller:{name}")
        shutdown_s = settings.engine.shutdown_s
        pollers.append(SourcePoller(name, leader, puller, reporter, shutdown_s=shutdown_s))
    try:
        yield pollers
    finally:
        await wire.close()
        await opened.aclose()
