"""The application: routes, errors, OpenAPI, and the edge around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from haulage import __version__
from haulage.api import errors, openapi
from haulage.api.deps import Deps
from haulage.api.edge import Edge
from haulage.api.events import EventHub
from haulage.api.lanes import open_lanes
from haulage.api.readiness import Readiness
from haulage.api.routes import (
    asyncapi,
    attempts,
    bulk,
    dead_letters,
    events,
    files,
    health,
    jobs,
    lists,
    queues,
    schedules,
    steps,
    submits,
    types,
    usage,
    why,
    workers,
)
from haulage.api.type_documents import TypeDocuments
from haulage.engine import bus
from haulage.engine.control import Control
from haulage.engine.depth import Depth
from haulage.engine.dispatcher import QueueLengths
from haulage.engine.intake import Intake
from haulage.engine.services import Services
from haulage.engine.window import Window
from haulage.settings import Settings
from haulage.storage.job_reads import JobReads

RESOURCES = (
    asyncapi,
    attempts,
    submits,
    lists,
    jobs,
    steps,
    why,
    events,
    files,
    types,
    queues,
    workers,
    schedules,
    health,
    dead_letters,
    bulk,
    usage,
)


@asynccontextmanager
async def open_app(
    services: Services, settings: Settings, *, broker: QueueLengths | None = None
) -> AsyncIterator[tuple[FastAPI, EventHub]]:
    """The application on the running event loop, and its hub of streams; closed at the end.

    `broker` is asked for readiness where the broker is not the Redis.
    """
    client = bus.connect(settings.require_redis_url())

    async def redis_answers() -> bool:
        return bool(await client.ping())

    async def broker_answers() -> bool:
        assert broker is not None
        return await broker(next(iter(settings.queue_pools))) is not None

    hub = EventHub(
        services.events,
        bus.Listener(client, f"{settings.redis.prefix}events"),
        poll_s=settings.api.event_poll_s,
    )
    reads = JobReads(services.database, services.blobs)
    try:
        yield (
            make_app(
                services=services,
                intake=Intake(
                    services,
                    queue_pools=settings.queue_pools,
                    window=Window(settings.engine.window, services.dispatch.rung_waiting),
                    depth=Depth(settings.engine.queue_depth, reads.depth),
                ),
                control=Control(services),
                reads=reads,
                settings=settings,
                hub=hub,
                readiness=Readiness(
                    services,
                    settings,
                    {"redis": redis_answers, **({"broker": broker_answers} if broker else {})},
                ),
            ),
            hub,
        )
    finally:
        await hub.close()
        await client.aclose()


def make_app(
    *,
    services: Services,
    intake: Intake,
    control: Control,
    reads: JobReads,
    settings: Settings,
    hub: EventHub,
    readiness: Readiness,
) -> FastAPI:
    """The HTTP face over these parts; they belong to the event loop that serves it."""
    # Swagger UI from this machine: the docs page must work without a network.
    app = FastAPIOffline(
        title="Haulage",
        version=__version__,
        description=openapi.DESCRIPTION,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    app.state.deps = Deps(
        services=services,
        intake=intake,
        control=control,
        reads=reads,
        settings=settings,
        hub=hub,
        readiness=readiness,
        types=TypeDocuments(services.registry),
    )
    for resource in RESOURCES:
        app.include_router(resource.router)
    errors.install(app)
    openapi.install(app)
    app.add_middleware(Edge, lanes=open_lanes(submits.router, {submits.submit}))
    return app
