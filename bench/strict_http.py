"""The strict provider as an HTTP server that speaks OpenAI's language, for jobs that call models.

What the last message says is the name of the job. It has a token bucket of requests; what arrives
is late by up to the jitter before it is counted, and 429 says how long to wait. `GET /report` gives
what arrived, when, and what became of it, and forgets it.
`python -m bench.strict_http PORT RATE BURST JITTER_MS`.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from haulage.runtime import ports
from haulage.runtime.http_probe import HttpProbe


@dataclass(frozen=True)
class HttpProvider:
    """A running one; `url` ends in `/v1`."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def report(self) -> list[tuple[str, float, bool]]:
        """Name, moment (`time.monotonic`) and whether it was let in, as they arrived."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/report") as answer:
            return json.load(answer)  # type: ignore[no-any-return]


@contextmanager
def strict_http_provider(*, rate: float, burst: float, jitter_ms: float) -> Iterator[HttpProvider]:
    """One, while the block lasts."""
    with ports.reserve_free() as port:
        words = [str(port.number), str(rate), str(burst), str(jitter_ms)]
        process = subprocess.Popen([sys.executable, "-m", "bench.strict_http", *words])
        try:
            probe = HttpProbe("127.0.0.1", port.number, "/report")
            while not probe():
                if process.poll() is not None:
                    raise RuntimeError(f"the provider ended with {process.returncode}")
                time.sleep(0.05)
            yield HttpProvider(port.number)
        finally:
            process.terminate()
            process.wait(10)


class Bucket:
    """What the provider holds, and what has arrived."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.held, self.at = burst, time.monotonic()
        self.arrived: list[Any] = []

    def count(self, name: str) -> float:
        """0 when it is let in, else the seconds to wait."""
        now = time.monotonic()
        self.held = min(self.burst, self.held + (now - self.at) * self.rate)
        self.at = now
        let_in = self.held >= 1
        self.held -= let_in
        self.arrived.append((name, now, let_in))
        return 0.0 if let_in else (1 - self.held) / self.rate


async def serve(port: int, rate: float, burst: float, jitter_s: float) -> None:
    """Until the process ends."""
    bucket, dice = Bucket(rate, burst), random.Random(7)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                if head.startswith(b"GET"):
                    writer.write(_answer(200, bucket.arrived))
                    bucket.arrived = []
                    continue
                await asyncio.sleep(dice.uniform(0, jitter_s))
                writer.write(_chat(json.loads(body), bucket))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", port, backlog=4096) as server:
        await server.serve_forever()


def _chat(asked: dict[str, Any], bucket: Bucket) -> bytes:
    wait_s = bucket.count(asked["messages"][-1]["content"])
    if wait_s:
        refused = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}
        return _answer(429, refused, f"retry-after: {wait_s:.4f}\r\n")
    message = {"role": "assistant", "content": "yes"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
    return _answer(200, {"id": "1", "model": "m", "choices": [choice], "usage": usage})


def _answer(status: int, body: Any, more: str = "") -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} Answer\r\ncontent-type: application/json\r\n{more}"
    return f"{head}content-length: {len(content)}\r\n\r\n".encode() + content


if __name__ == "__main__":
    asyncio.run(
        serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]) / 1000)
    )
