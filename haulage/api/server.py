"""uvicorn, as we run it: our logs, our signals, no trust in what a client says of itself."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from haulage.domain.errors import HaulageError

# Longer than a proxy keeps an idle connection: whoever closes first must not be us.
KEEP_ALIVE_S = 75


class HttpServer:
    """Serves `app` until `stop`; requests under way get `shutdown_s` seconds to end."""

    def __init__(self, app: FastAPI, *, host: str, port: int, shutdown_s: float) -> None:
        self._server = _Server(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                loop="none",
                http="httptools",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=round(shutdown_s),
            )
        )

    async def serve(self) -> None:
        """Return once everything has ended."""
        await self._server.serve()

    def stop(self) -> None:
        """Take no more connections and end; from the loop's thread."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The wiring listens for signals. uvicorn would raise them again at its end, and the process
        # would die of them before it has closed what it opened.
        yield


def require_loopback(host: str) -> None:
    """Raise `HaulageError` for an address that other machines can reach."""
    try:
        safe = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        safe = False
    if not safe:
        raise HaulageError(
            f"{host} can be reached by other machines, and there is no authentication yet: anybody "
            "there could submit jobs. Listen on 127.0.0.1, behind a proxy that authenticates."
        )
