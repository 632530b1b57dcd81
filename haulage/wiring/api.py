"""The API process."""

import uvloop

from haulage.api.app import open_app
from haulage.api.server import HttpServer, require_loopback
from haulage.domain.job_type import Registry
from haulage.engine.celery_app import make_celery
from haulage.engine.doorbell import CeleryDoorbell
from haulage.settings import Settings
from haulage.wiring.services import load_registry, on_signals, open_services, start


def run_api(*, host: str, port: int) -> None:
    """Serve HTTP until SIGTERM; port 0 takes a free one. Raises `HaulageError` off loopback."""
    require_loopback(host)
    settings = start("api")
    registry = load_registry(settings)
    uvloop.run(_serve(settings, registry, host=host, port=port))


async def _serve(settings: Settings, registry: Registry, *, host: str, port: int) -> None:
    doorbell = CeleryDoorbell(make_celery(settings), queue_pools=settings.queue_pools)
    doorbell.start()
    try:
        async with (
            open_services(
                settings, registry, doorbell, pool_size=settings.database.pool_size, name="api"
            ) as services,
            open_app(services, settings) as (app, hub),
        ):
            server = HttpServer(app, host=host, port=port, shutdown_s=settings.engine.shutdown_s)

            def stop() -> None:
                # Streams would keep their connections for as long as their jobs run.
                hub.end_all()
                server.stop()

            on_signals(stop)
            await server.serve()
    finally:
        doorbell.close()
