"""What a process without an HTTP API answers over HTTP: workers, dispatchers and pollers.

`/metrics` for Prometheus, `/health` whether the process does its work, `/ready` whether it has what
it needs. From a thread of its own, so that there is an answer while an event loop is busy, and one
that says so when it is stuck. Several processes of one machine share a setting: each takes the
first port that is free from it on.
"""

import asyncio
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, CollectorRegistry, make_wsgi_app

from haulage.telemetry import logs
from haulage.telemetry.relay import Relay

log = logs.get(__name__)

PORTS = 50
# An event loop that does not answer for so long is stuck.
PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Standing:
    """An answer: 200 or 503, and its document."""

    ok: bool
    document: Mapping[str, Any]


Question = Callable[[], Standing]


def serve(
    host: str,
    port: int,
    *,
    service: str,
    health: Question,
    ready: Question,
    relay: Relay | None = None,
) -> int:
    """Answer for as long as the process lives; the port. With `relay` the metrics are those of its
    children, too. Raises `OSError` when no port is free."""
    registry = REGISTRY
    if relay is not None:
        registry = CollectorRegistry()
        registry.register(relay)
        relay.listen()
    app = _pages({"/health": health, "/ready": ready}, registry)
    for candidate in range(port, port + PORTS):
        try:
            server = make_server(host, candidate, app, _server_for(host), _Silent)
        except OSError:
            if candidate == port + PORTS - 1:
                raise
            continue
        threading.Thread(target=server.serve_forever, name="scrape", daemon=True).start()
        log.info("metrics.served", service=service, host=host, port=candidate)
        return candidate
    raise AssertionError("unreachable")


def asking(question: Callable[[], Awaitable[Standing]], *, service: str) -> Question:
    """Have `question` answered on the running event loop, whichever thread asks. One that is stuck
    or closed is unwell."""
    loop = asyncio.get_running_loop()

    async def put() -> Standing:
        return await question()

    def ask() -> Standing:
        if loop.is_closed():
            return Standing(False, {"status": "stopping", "service": service})
        answer = asyncio.run_coroutine_threadsafe(put(), loop)
        try:
            return answer.result(PATIENCE_S)
        except TimeoutError:
            answer.cancel()
            return Standing(False, {"status": "stuck", "service": service})

    return ask


def _pages(
    questions: Mapping[str, Question], registry: CollectorRegistry
) -> Callable[..., Iterable[bytes]]:
    metrics = make_wsgi_app(registry)

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path in questions:
            standing = questions[path]()
            status = "200 OK" if standing.ok else "503 Service Unavailable"
            start(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
            return [json.dumps(standing.document).encode()]
        if path in ("/", "/metrics"):
            found: Iterable[bytes] = metrics(environ, start)
            return found
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [b"There are /health, /ready and /metrics.\n"]

    return app


def _server_for(host: str) -> type[WSGIServer]:
    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True
        address_family = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][0]

        def server_bind(self) -> None:
            """Without asking the name server what this machine is called, which may take long."""
            TCPServer.server_bind(self)
            self.server_name, self.server_port = host, self.server_address[1]
            self.setup_environ()

    return Server


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Whoever asks every few seconds is no news."""
