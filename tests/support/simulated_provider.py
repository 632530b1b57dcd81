"""A strict provider of language models on loopback: a process that speaks OpenAI's language.

    with simulated_provider() as provider: …            provider.url, provider.look()
    python simulated_provider.py --rate 100 --burst 20 --jitter-ms 50

It checks what it is sent as strictly as the real ones do, keeps to a token bucket (requests, and
tokens a minute) with 429, `Retry-After` and `x-ratelimit-*`, and misbehaves on request. How it
misbehaves is in the model's name, so that tests share one process:

    ok                    the last message comes back
    do/503                that status, always; `do/429:7` with a Retry-After of 7 seconds
    seq/503,429,ok/x      one after the other for the name as a whole; the last one stays
    do/hang do/drip do/half do/close do/html do/list do/error200 do/error200:429
    do/cut do/refuse do/filter do/silent do/liar do/nothing do/quota do/keyecho do/misfit do/fit
    do/bomb
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from simulated_answers import Misbehave, Refused, chat, check, embeddings, size_of
from simulated_vendors import gemini, ollama

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests"}
GOOD_KEY = "planted-0123456789-abcdef"


@dataclass
class Bucket:
    """Tokens that come back at `rate` a second, `burst` of them at most."""

    rate: float
    burst: float
    held: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.held, self.at = self.burst, time.monotonic()

    def take(self, count: float) -> float:
        """0 when taken, else the seconds until there is enough."""
        now = time.monotonic()
        self.held = min(self.burst, self.held + (now - self.at) * self.rate)
        self.at = now
        if self.held >= count:
            self.held -= count
            return 0.0
        return (count - self.held) / self.rate


@dataclass
class Provider:
    """The whole state: buckets, what was asked, and how far each sequence is."""

    requests: Bucket | None = None
    tokens: Bucket | None = None
    jitter_s: float = 0.0
    keys: frozenset[str] = frozenset({GOOD_KEY})
    calls: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    turns: Counter = field(default_factory=Counter)
    pulled: set[str] = field(default_factory=set)

    async def answer(self, path: str, headers: dict[str, str], body: Any) -> tuple[Any, dict]:
        """Body and headers of a good answer; raises `Refused` or `Misbehave`."""
        self.calls.append({"path": path, "headers": headers, "body": body})
        del self.calls[:-2000]
        if path.startswith("/v1beta/"):
            return gemini(path, headers, body, GOOD_KEY), {}
        if path.startswith("/api/"):
            return ollama(path, headers, body, self.pulled), {}
        check(headers, body, self.keys)
        limits = self.limit(body)
        if self.jitter_s:
            await asyncio.sleep(random.uniform(0, self.jitter_s))
        word = self.word(body["model"])
        if path.endswith("/chat/completions"):
            return chat(body, headers, word), limits
        if path.endswith("/embeddings"):
            return embeddings(body, headers, word), limits
        raise Refused(404, f"there is no {path}")

    def limit(self, body: dict[str, Any]) -> dict[str, str]:
        """Take from the buckets; the `x-ratelimit-*` headers of the answer."""
        wanted = {"requests": (self.requests, 1.0), "tokens": (self.tokens, float(size_of(body)))}
        said: dict[str, str] = {}
        for name, (bucket, count) in wanted.items():
            if bucket is None:
                continue
            wait_s = bucket.take(count)
            said[f"x-ratelimit-limit-{name}"] = f"{bucket.burst:g}"
            said[f"x-ratelimit-remaining-{name}"] = str(int(bucket.held))
            reset_s = (bucket.burst - bucket.held) / bucket.rate
            said[f"x-ratelimit-reset-{name}"] = f"{int(reset_s * 1000)}ms"
            if wait_s:
                said["retry-after"] = f"{wait_s:.3f}"
                raise Refused(429, f"too many {name}", code="rate_limit_exceeded", headers=said)
        return said

    def word(self, model: str) -> str:
        """What to do for this model now."""
        kind, _, rest = model.partition("/")
        if kind == "seq":
            words = rest.split("/")[0].split(",")
            turn = self.turns[model]
            self.turns[model] += 1
            return words[min(turn, len(words) - 1)]
        return rest if kind == "do" else "ok"


async def serve_one(
    provider: Provider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Requests of one connection, one after the other."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines if line)
            }
            raw = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = first.split(" ")
            if not await reply(provider, method, path, headers, raw, writer):
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def reply(
    provider: Provider,
    method: str,
    path: str,
    headers: dict[str, str],
    raw: bytes,
    writer: asyncio.StreamWriter,
) -> bool:
    """Answer; whether the connection stays."""
    extra: dict[str, str] = {}
    try:
        if method == "GET":
            status, body = 200, {"calls": provider.calls, "counts": provider.counts}
        else:
            body, extra = await provider.answer(path, headers, json.loads(raw))
            status = 200
    except Refused as refused:
        status, body, extra = refused.status, refused.body(), refused.headers
    except Misbehave as odd:
        provider.counts["odd"] += 1
        writer.write(odd.raw)
        await writer.drain()
        for _ in range(3000 if odd.then != "close" else 0):
            await asyncio.sleep(0.01)
            if odd.then == "drip":
                writer.write(b" ")
                await writer.drain()
        return False
    if method == "POST":
        provider.counts[str(status)] += 1
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Odd')}", f"content-length: {len(content)}"]
    lines += ["content-type: application/json", *(f"{name}: {one}" for name, one in extra.items())]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
    await writer.drain()
    return True


async def serve(provider: Provider, port: int) -> None:
    server = await asyncio.start_server(
        lambda reader, writer: serve_one(provider, reader, writer), "127.0.0.1", port, backlog=2048
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    # Whoever started this has gone when its pipe closes.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


@dataclass
class Running:
    """A simulated provider in a process of its own. `url` ends in `/v1`."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def look(self) -> dict[str, Any]:
        """`calls`, the last 2,000 with headers and bodies, and `counts` by status."""
        with urllib.request.urlopen(f"{self.root}/calls") as answer:
            return json.load(answer)


@contextmanager
def simulated_provider(*options: str) -> Iterator[Running]:
    """Start one; `options` as the command line takes them."""
    process = subprocess.Popen(
        [sys.executable, "-S", __file__, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(process, int(process.stdout.readline()))
    finally:
        process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rate", type=float, help="requests a second")
    parser.add_argument("--burst", type=float, default=1)
    parser.add_argument("--tokens-per-minute", type=float)
    parser.add_argument("--jitter-ms", type=float, default=0)
    parser.add_argument("--key", action="append", default=[GOOD_KEY])
    given = parser.parse_args()
    per_minute = given.tokens_per_minute
    provider = Provider(
        Bucket(given.rate, given.burst) if given.rate else None,
        Bucket(per_minute / 60, per_minute) if per_minute else None,
        given.jitter_ms / 1000,
        frozenset(given.key),
    )
    asyncio.run(serve(provider, given.port))


if __name__ == "__main__":
    main()
