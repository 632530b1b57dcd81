"""The API process."""

import resource
from contextlib import suppress

import uvloop

from haulage.api.app import open_app
from haulage.api.server import HttpServer, require_loopback
from haulage.brokers.address import AMQP
from haulage.domain.job_type import Registry
from haulage.engine.celery_app import make_celery, read_broker
from haulage.engine.doorbell import CeleryDoorbell
from haulage.engine.rabbit import RabbitQueueLengths
from haulage.settings import Settings, load
from haulage.telemetry import tracing
from haulage.wiring import collector
from haulage.wiring.accounts import open_gate
from haulage.wiring.limits import open_limits, require_types
from haulage.wiring.services import load_registry, on_signals, open_services, publish_types, start


def run_api(*, host: str, port: int, auth: bool = False) -> None:
    """Serve HTTP until SIGTERM; port 0 takes a free one. `auth` has callers say who they are, as
    the setting does; without either, raises `HaulageError` off loopback."""
    enabled = auth or load().auth.enabled
    require_loopback(host, auth=enabled)
    _allow_connections()
    settings = start("api")
    its_auth = settings.auth.model_copy(update={"enabled": enabled})
    settings = settings.model_copy(update={"auth": its_auth})
    registry = load_registry(settings)
    require_types(settings, registry)
    publish_types(settings, registry)
    try:
        uvloop.run(_serve(settings, registry, host=host, port=port))
    finally:
        tracing.stop()


def _allow_connections() -> None:
    """Take all the files that the system would let this process open: each stream holds one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # macOS names a limit here that it does not grant.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(settings: Settings, registry: Registry, *, host: str, port: int) -> None:
    app = make_celery(settings)
    doorbell = CeleryDoorbell(app, queue_pools=settings.queue_pools)
    doorbell.start()
    rabbit = RabbitQueueLengths(app) if read_broker(settings).kind == AMQP else None
    try:
        async with (
            open_services(
                settings, registry, doorbell, pool_size=settings.database.pool_size, name="api"
            ) as services,
            open_limits(settings, services.database, services.clock) as limits,
            open_gate(settings, services.database, services.clock) as gate,
            open_app(services, settings, limits, gate, broker=rabbit) as (http, hub),
        ):
            server = HttpServer(http, host=host, port=port, shutdown_s=settings.engine.shutdown_s)

            def stop() -> None:
                # Streams would keep their connections for as long as their jobs run.
                hub.end_all()
                server.stop()

            on_signals(stop)
            collector.prompt()
            await server.serve()
    finally:
        doorbell.close()
        if rabbit is not None:
            await rabbit.close()
