"""The application: routes, errors, OpenAPI, and the edge around them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import cache, partial

import redis.asyncio as redis
from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute

from haulage import __version__
from haulage.accounts.gate import Gate
from haulage.accounts.quota import Quota
from haulage.api import console, docs_pages, errors, openapi
from haulage.api.arrivals import Arrivals
from haulage.api.deps import Deps, looks_of
from haulage.api.edge import surround
from haulage.api.events import EventHub
from haulage.api.lanes import open_lanes
from haulage.api.overload import Overload
from haulage.api.page_images import PageImages
from haulage.api.readiness import Readiness
from haulage.api.routes import (
    asyncapi,
    attempts,
    audit,
    bulk,
    dead_letters,
    deliveries,
    events,
    files,
    health,
    job_files,
    jobs,
    keys,
    lists,
    me,
    pages,
    queues,
    schedules,
    stats,
    steps,
    submits,
    types,
    usage,
    webhooks,
    why,
    workers,
)
from haulage.api.routes import credits as credits_routes
from haulage.api.routes import limits as limits_routes
from haulage.api.type_documents import TypeDocuments
from haulage.connectors.vault import Vault
from haulage.documents.inspector import Inspector
from haulage.engine import bus
from haulage.engine.broker_watch import BrokerWatch
from haulage.engine.control import Control
from haulage.engine.depth import Depth
from haulage.engine.intake import Intake
from haulage.engine.lost_rings import QueueLengths
from haulage.engine.services import Services
from haulage.engine.window import Window
from haulage.limits.installation import Limits
from haulage.settings import Settings
from haulage.storage.job_reads import JobReads

Ping = Callable[[], Awaitable[bool]]
RESOURCES = (
    asyncapi,
    attempts,
    submits,
    lists,
    jobs,
    steps,
    stats,
    why,
    events,
    files,
    pages,
    job_files,
    types,
    queues,
    workers,
    schedules,
    health,
    dead_letters,
    bulk,
    usage,
    credits_routes,
    limits_routes,
    me,
    keys,
    audit,
    webhooks,
    deliveries,
)


@asynccontextmanager
async def open_app(
    services: Services,
    settings: Settings,
    limits: Limits,
    gate: Gate,
    *,
    broker: QueueLengths | None = None,
) -> AsyncIterator[tuple[FastAPI, EventHub]]:
    """The application on the running event loop, and its hub of streams; closed at the end.

    `broker` is asked whether it answers where it is no Redis.
    """
    async with AsyncExitStack() as opened:

        async def redis_at(url: str) -> redis.Redis:
            return await opened.enter_async_context(aclosing(bus.connect(url)))

        client = await redis_at(settings.require_redis_url())
        pings: dict[str, Ping] = {"redis": partial(_answers, client)}
        if broker is not None:
            pings["broker"] = partial(_counts, broker, next(iter(settings.queue_pools)))
        elif settings.broker.url:
            pings["broker"] = partial(_answers, await redis_at(settings.broker.url))
        watch = None
        if settings.api.broker_down == "refuse":
            watch = BrokerWatch(pings.get("broker", pings["redis"]))
            await opened.enter_async_context(watch.watching())
        hub = EventHub(
            services.events,
            bus.Listener(client, f"{settings.redis.prefix}events"),
            poll_s=settings.api.event_poll_s,
            now=services.clock.now,
        )
        opened.push_async_callback(hub.close)
        # Who looks at pages holds up nobody who uploads.
        inspector, drawer = (
            Inspector(
                max_pages=settings.files.max_pages,
                max_pixels=settings.files.max_pixels,
                limit_s=settings.files.inspection_s,
                processes=processes,
            )
            for processes in (2, 1)
        )
        opened.callback(inspector.close)
        opened.callback(drawer.close)
        reads = JobReads(services.database, services.blobs)
        quota = Quota(limits.limiter, limits.book, services.clock.now)
        parts = Deps(
            services=services,
            intake=Intake(
                services,
                queue_pools=settings.queue_pools,
                window=Window(settings.engine.window, services.dispatch.rung_waiting),
                depth=Depth(settings.engine.queue_depth, reads.depth),
                broker=watch,
                quota=quota,
            ),
            control=Control(services, limits.traffic),
            reads=reads,
            looks=looks_of(reads),
            settings=settings,
            hub=hub,
            readiness=Readiness(services, settings, pings),
            types=TypeDocuments(services.registry),
            limits=limits,
            gate=gate,
            quota=quota,
            arrivals=Arrivals(services.blobs, inspector),
            pages=PageImages(services.blobs, drawer),
            vault=Vault(settings.webhooks.key_list),
        )
        yield make_app(parts), hub


async def _answers(client: redis.Redis) -> bool:
    return bool(await client.ping())


async def _counts(lengths: QueueLengths, queue: str) -> bool:
    return await lengths(queue) is not None


def make_app(parts: Deps) -> FastAPI:
    """The HTTP face over these parts; they belong to the event loop that serves it."""
    # Swagger UI from this machine: the docs page must work without a network.
    app = FastAPIOffline(
        title=docs_pages.TITLE,
        version=__version__,
        description=openapi.DESCRIPTION,
        openapi_url=docs_pages.OPENAPI,
        # Ours say what may run in them.
        docs_url=None,
        redoc_url=None,
        static_url=docs_pages.STATIC,
        redirect_slashes=False,
        root_path=parts.settings.api.root_path,
        # Ours is in the edge; asking at each request whether somebody wants FastAPI's costs more
        # than finding the route.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.deps = parts
    app.router.routes.extend(_routes())
    ours = [route for resource in RESOURCES for route in resource.router.routes]
    app.router.default = console.Pages(
        app.router.default, [*app.routes, *docs_pages.router.routes, *console.router.routes, *ours]
    )
    errors.install(app, openapi.operations(ours))
    openapi.install(app)
    lanes = open_lanes(
        (submits.router, jobs.router), {submits.submit}, by_id={jobs.show: jobs.ShowQuery}
    )
    surround(app, overload=Overload(parts.settings.api.late_s), lanes=lanes)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """What handlers take is found out once for all applications of a process, however many it makes
    of different parts: at the first request of each, it would take longer than the request."""
    router = APIRouter(strict_content_type=True)
    for resource in RESOURCES:
        router.include_router(resource.router)
    router.include_router(docs_pages.router)
    router.include_router(console.router)
    return router.routes
