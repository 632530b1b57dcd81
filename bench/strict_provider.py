"""A provider that counts and forgives nothing: a process on loopback, one line a request.

    <id> <tokens>     →  200, or 429 <seconds to wait>

It has a token bucket of requests. What arrives is late by up to the jitter, as on a real network,
before it is counted. `python -m bench.strict_provider PORT RATE BURST JITTER_MS`; the line `report`
gives what arrived, when, and what became of it.
"""

import asyncio
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from haulage.runtime import ports


@dataclass(frozen=True)
class Provider:
    """A running one."""

    port: int

    def report(self) -> list[tuple[str, int, float, bool]]:
        """Id, tokens, moment (`time.monotonic`) and whether it was let in, as they arrived; and
        forget it."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"report\n")
            return json.loads(connection.makefile().readline())  # type: ignore[no-any-return]


@contextmanager
def strict_provider(*, rate: float, burst: float, jitter_ms: float) -> Iterator[Provider]:
    """One, while the block lasts."""
    with ports.reserve_free() as port:
        words = [str(port.number), str(rate), str(burst), str(jitter_ms)]
        process = subprocess.Popen([sys.executable, "-m", "bench.strict_provider", *words])
        try:
            provider = Provider(port.number)
            for _ in range(200):
                try:
                    provider.report()
                    break
                except OSError:
                    time.sleep(0.05)
            yield provider
        finally:
            process.terminate()
            process.wait(10)


class Line:
    """A connection's requests, answered by id: any number at once."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._open: dict[str, asyncio.Future[float]] = {}

    @classmethod
    async def connect(cls, port: int) -> "Line":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        line = cls(writer)
        line._reading = asyncio.ensure_future(line._read(reader))  # type: ignore[attr-defined]
        return line

    async def call(self, name: str, tokens: int = 0) -> float:
        """0.0 for a 200, else the seconds that a 429 asks for."""
        answer: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._open[name] = answer
        self._writer.write(f"{name} {tokens}\n".encode())
        return await answer

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while raw := await reader.readline():
            name, status, wait_s = raw.decode().split()
            self._open.pop(name).set_result(0.0 if status == "200" else float(wait_s))


async def serve(port: int, rate: float, burst: float, jitter_s: float) -> None:
    """Until the process ends."""
    held, at = burst, time.monotonic()
    arrived: list[Any] = []

    def count(name: str, tokens: int, writer: asyncio.StreamWriter) -> None:
        nonlocal held, at
        now = time.monotonic()
        held, at = min(burst, held + (now - at) * rate), now
        let_in = held >= 1
        held -= let_in
        arrived.append((name, tokens, now, let_in))
        status = "200 0" if let_in else f"429 {(1 - held) / rate:.4f}"
        writer.write(f"{name} {status}\n".encode())

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop, dice = asyncio.get_running_loop(), random.Random(7)
        while raw := await reader.readline():
            if raw == b"report\n":
                writer.write(json.dumps(arrived).encode() + b"\n")
                arrived.clear()
                continue
            name, tokens = raw.decode().split()
            loop.call_later(dice.uniform(0, jitter_s), count, name, int(tokens), writer)

    async with await asyncio.start_server(talk, "127.0.0.1", port, limit=1 << 24) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(
        serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]) / 1000)
    )
