"""Many readers of server-sent events in one process, each on a connection of its own."""

import asyncio
import json
import resource
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

# A connection has two ends here, and both processes need a few more for themselves.
FILES = 12_000
AT_ONCE = 50
DATA = b"data: "


class Readers:
    """What they heard: how old each line was, in ms."""

    def __init__(self) -> None:
        self.latencies_ms: list[float] = []
        self.connected = 0
        self.ended = 0


def allow_files() -> None:
    """Let this process, and those that it starts, hold as many connections as are needed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < FILES and hard != resource.RLIM_INFINITY:
        raise RuntimeError(f"needs {FILES} open files; `ulimit -Hn` allows {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))


@asynccontextmanager
async def reading(url: str, paths: Sequence[str]) -> AsyncIterator[Readers]:
    """Read all `paths`; within the block all of them are connected."""
    readers = Readers()
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    entering = asyncio.Semaphore(AT_ONCE)
    all_in = asyncio.Event()

    async def read(path: str) -> None:
        async with entering:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{path}: {head[:200]!r}")
            # Only what comes from a stream that stands counts as connected.
            await reader.readuntil(b"retry: ")
        readers.connected += 1
        if readers.connected == len(paths):
            all_in.set()
        try:
            async for line in reader:
                if line.startswith(DATA) and b"said_at" in line:
                    said_at = json.loads(line[len(DATA) :])["fields"]["said_at"]
                    readers.latencies_ms.append(1000 * (time.time() - said_at))
            readers.ended += 1
        finally:
            writer.close()

    tasks = [asyncio.create_task(read(path)) for path in paths]
    entered = asyncio.create_task(all_in.wait())
    try:
        done, _ = await asyncio.wait({entered, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
        yield readers
    finally:
        for task in (entered, *tasks):
            task.cancel()
        await asyncio.wait({entered, *tasks})
