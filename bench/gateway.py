"""What our gateway adds to a chat with structured output, around the HTTP call itself.

Measured inside: a call's time less what passed between the request's start and its last byte. And
beside others: the same question in turns through bare httpx, through the gateway (chain, pass,
schema, validation, price, usage, metrics), and through OpenAI's own client, against one process on
loopback.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
from openai import AsyncOpenAI
from pydantic import BaseModel, SecretStr

from bench.canned_provider import canned_provider
from bench.system import report
from haulage.domain.language_model import Caller, ChatRequest, Message
from haulage.domain.ports import FreeRoad
from haulage.providers.transport import Transport
from haulage.settings.providers import ProvidersSettings
from haulage.wiring.models import open_models

BAR_MS = 1.0
WARM_UP = 50
MODEL = "gpt-4o-mini"
TEXT = "The sea rose in the night, and in the morning the harbour was gone. " * 18


class Headline(BaseModel):
    title: str
    words: int


def main(*, calls: int = 1_000) -> bool:
    """Print the line; whether the bar is met."""
    with canned_provider() as url:
        took = asyncio.run(_measure(url, calls))
    bare, ours, client = (sorted(took[name]) for name in ("httpx", "gateway", "openai"))
    overhead = statistics.median(took["around"])
    return report(
        "gateway",
        met=overhead < BAR_MS,
        calls=calls,
        overhead_p50_ms=overhead,
        bar_ms=BAR_MS,
        gateway_p50_ms=statistics.median(ours),
        gateway_p99_ms=ours[int(calls * 0.99)],
        httpx_p50_ms=statistics.median(bare),
        openai_client_p50_ms=statistics.median(client),
    )


async def _measure(url: str, calls: int) -> dict[str, list[float]]:
    """Milliseconds of each call; the three take turns, so that all see the same machine."""
    road = FreeRoad()
    settings = ProvidersSettings(openai_api_key=SecretStr("none"), openai_base_url=url)
    request = ChatRequest((f"openai:{MODEL}",), (Message("user", TEXT),), Headline)
    body: dict[str, Any] = {
        "model": MODEL,
        "messages": [{"role": "user", "content": TEXT}],
        "max_completion_tokens": request.max_tokens,
    }
    caller = Caller("default")
    async with (
        httpx.AsyncClient() as bare,
        AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client,
        open_models(settings, traffic=road, ledger=road, cache=None) as gateway,
    ):

        async def by_httpx() -> object:
            headers = {"authorization": "Bearer none"}
            answer = await bare.post(f"{url}/chat/completions", json=body, headers=headers)
            return answer.json()

        async def by_gateway() -> object:
            return (await gateway.chat(request, caller=caller)).value

        async def by_openai() -> object:
            return await client.chat.completions.parse(**body, response_format=Headline)

        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "httpx": by_httpx,
            "gateway": by_gateway,
            "openai": by_openai,
        }
        took: dict[str, list[float]] = {name: [] for name in (*ways, "around")}
        with _http_timed() as within:
            for _ in range(calls + WARM_UP):
                for name, way in ways.items():
                    started = time.perf_counter()
                    await way()
                    took[name].append(1000 * (time.perf_counter() - started))
                took["around"].append(took["gateway"][-1] - within[-1])
    return {name: every[WARM_UP:] for name, every in took.items()}


@contextmanager
def _http_timed() -> Iterator[list[float]]:
    """Milliseconds of each of the gateway's HTTP calls."""
    plain, within = Transport.stream, []

    @asynccontextmanager
    async def timed(*args: Any, **given: Any) -> AsyncIterator[httpx.Response]:
        started = time.perf_counter()
        async with plain(*args, **given) as response:
            yield response
        within.append(1000 * (time.perf_counter() - started))

    Transport.stream = timed  # type: ignore[method-assign]
    try:
        yield within
    finally:
        Transport.stream = plain  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
