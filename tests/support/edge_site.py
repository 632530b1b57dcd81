"""A real nginx with the configuration that is deployed, before three scripted API servers."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from receiver import Receiver, receiving, status

from deploy.nginx.edge import Edge
from haulage.runtime import ports
from haulage.runtime.http_probe import HttpProbe
from haulage.runtime.process import Process, ProcessSpec, await_ready


@dataclass
class Site:
    """The edge in front of `servers`; `client` talks to the edge."""

    port: int
    tls_port: int
    ports: list[int]
    servers: list[Receiver]
    client: httpx.AsyncClient
    log: Path

    @property
    def heard(self) -> list[int]:
        """How many requests each server has had."""
        return [len(one.received) for one in self.servers]


@asynccontextmanager
async def site(
    folder: Path,
    *,
    dead: int = 0,
    at: int | None = None,
    patience: str = "5s",
    certificate: tuple[Path, Path] | None = None,
) -> AsyncIterator[Site]:
    """Three servers that answer with their number; at the addresses of the first `dead` of them
    nobody listens. With `at` who listens there is all of them. One that failed is left alone for
    `patience`. With `certificate` the client speaks TLS, as `localhost`."""
    async with AsyncExitStack() as opened:
        servers, there = [], []
        for number in range(3):
            server = await opened.enter_async_context(receiving())
            server.answer = status(200, str(number))
            servers.append(server)
            held = opened.enter_context(ports.claim())
            there.append(at or (held.number if number < dead else server.port))
        port, tls_port = (opened.enter_context(ports.claim()).number for _ in range(2))
        edge = Edge(
            run=folder,
            listen=f"127.0.0.1:{port}",
            api=[f"127.0.0.1:{one}" for one in there],
            access_log=str(folder / "access.log"),
            tls_listen=f"127.0.0.1:{tls_port}",
            certificate=certificate[0] if certificate else None,
            key=certificate[1] if certificate else None,
        )
        conf = edge.write()
        conf.write_text(conf.read_text().replace("fail_timeout=5s", f"fail_timeout={patience}"))
        spec = ProcessSpec(
            name="nginx",
            argv=tuple(edge.command()),
            ready=HttpProbe("127.0.0.1", port, "/edge/health"),
        )
        url, trust = f"http://127.0.0.1:{port}", None
        if certificate:
            url, trust = f"https://localhost:{tls_port}", ssl.create_default_context()
            trust.load_verify_locations(certificate[0])
        process = await asyncio.to_thread(Process, spec, folder / "nginx.log")
        opened.push_async_callback(asyncio.to_thread, process.stop)
        await asyncio.to_thread(await_ready, process)
        client = httpx.AsyncClient(base_url=url, timeout=10, verify=trust or True)
        await opened.enter_async_context(client)
        yield Site(port, tls_port, there, servers, client, folder / "access.log")
