"""uvicorn, as we run it: our logs, our signals, no trust in what a client says of itself."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from haulage.domain.errors import HaulageError

# Longer than a proxy keeps an idle connection: whoever closes first must not be us.
KEEP_ALIVE_S = 75
# The kernel cuts a connection whose other side has taken nothing for so long, whatever it was
# reading: what we wrote for it must not lie in our memory for ever.
MAX_STALL_S = 30.0
# What a reader of a WebSocket may say at once; nobody needs to say anything.
MAX_WORDS_BYTES = 4096


class HttpServer:
    """Serves `app` until `stop`; requests under way get `shutdown_s` seconds to end."""

    def __init__(
        self,
        app: FastAPI,
        *,
        host: str,
        port: int,
        shutdown_s: float,
        max_stall_s: float = MAX_STALL_S,
    ) -> None:
        self._server = _Server(
            max_stall_s,
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
                ws="websockets-sansio",
                ws_max_size=MAX_WORDS_BYTES,
            ),
        )

    @property
    def port(self) -> int | None:
        """Where it listens, once it does."""
        servers = getattr(self._server, "servers", ())
        return servers[0].sockets[0].getsockname()[1] if servers else None

    async def serve(self) -> None:
        """Return once everything has ended."""
        await self._server.serve()

    def stop(self) -> None:
        """Take no more connections and end; from the loop's thread."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    def __init__(self, max_stall_s: float, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._max_stall_ms = round(max_stall_s * 1000)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            for server in self.servers:
                for listener in server.sockets:
                    # Connections inherit it. A duplicate, because asyncio hands out shadows.
                    with socket.socket(fileno=os.dup(listener.fileno())) as same:
                        same.setsockopt(
                            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._max_stall_ms
                        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The wiring listens for signals. uvicorn would raise them again at its end, and the process
        # would die of them before it has closed what it opened.
        yield


def require_loopback(host: str, *, auth: bool) -> None:
    """Raise `HaulageError` for an address that other machines can reach, unless callers must say
    who they are."""
    try:
        safe = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        safe = False
    if not safe and not auth:
        raise HaulageError(
            f"{host} can be reached by other machines, and authentication is off: anybody there "
            "could submit jobs. Set HAULAGE_AUTH_ENABLED=true, or listen on 127.0.0.1."
        )
