"""A lean HTTP/1.1 load: the same request again and again on a number of connections.

A general client would use more of the two cores than the server that is measured.
"""

import asyncio
import time
from dataclasses import dataclass, field

import uvloop

END = b"\r\n\r\n"
LENGTH = b"content-length: "


@dataclass
class Load:
    """What the answers were: how long each took, in ms, and how many had another status."""

    took_s: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def per_s(self) -> float:
        """Answers per second."""
        return len(self.latencies_ms) / self.took_s


def post(
    url: str,
    path: str,
    body: bytes,
    *,
    status: int,
    connections: int,
    count: int,
    headers: str = "",
) -> Load:
    """Send `count` equal POSTs over `connections`, each as soon as the last was answered.
    `headers` are lines that end as the protocol says."""
    head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}"
    return _load("POST", url, path, head, body, status, connections, count)


def get(
    url: str, path: str, *, status: int, connections: int, count: int, headers: str = ""
) -> Load:
    """The same with GETs."""
    return _load("GET", url, path, headers, b"", status, connections, count)


def _load(
    method: str,
    url: str,
    path: str,
    headers: str,
    body: bytes,
    status: int,
    connections: int,
    count: int,
) -> Load:
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n"
    return uvloop.run(_send(host, int(port), head.encode() + body, status, connections, count))


async def _send(
    host: str, port: int, request: bytes, status: int, connections: int, count: int
) -> Load:
    load = Load()
    left = iter(range(count))
    expected = f"HTTP/1.1 {status} ".encode()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for _ in left:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(END)
            start = head.lower().index(LENGTH) + len(LENGTH)
            await reader.readexactly(int(head[start : head.index(b"\r", start)]))
            load.latencies_ms.append(1000 * (time.perf_counter() - began))
            load.refused += not head.startswith(expected)
        writer.close()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(one())
    load.took_s = time.perf_counter() - began
    return load
