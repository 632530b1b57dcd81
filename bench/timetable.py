"""Jobs on a timetable: one each hundredth of a second, whether or not the last one was answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from statistics import quantiles

import httpx

from bench.system import System

RATE_PER_S = 100
CONNECTIONS = 20
# Says when its handler began.
STAMP = {"type": "bench-stamp", "input": {}}


def client(url: str) -> httpx.AsyncClient:
    """With as many connections as the rate needs, kept open."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx.AsyncClient(base_url=url, limits=limits)


async def on_timetable(act: Callable[[], object], times: int) -> None:
    """Start `act` `RATE_PER_S` times a second, however long each takes."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(times):
            await asyncio.sleep(begin + number / RATE_PER_S - loop.time())
            group.create_task(act())


async def start_latencies_ms(
    system: System, submit: Callable[[], Awaitable[tuple[str, float]]], times: int
) -> list[float]:
    """From the moment that each `submit` names to the first line of the handler of its job."""
    began_at: dict[str, float] = {}

    async def once() -> None:
        job_id, began = await submit()
        began_at[job_id] = began

    await on_timetable(once, times)
    await asyncio.to_thread(system.until_settled)
    return _since(began_at, system)


def percentiles(values: list[float]) -> tuple[float, float]:
    """The 50th and the 99th."""
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


def _since(began_at: Mapping[str, float], system: System) -> list[float]:
    rows = system.database.execute(
        "SELECT id::text, (result->>'started_at')::float8 FROM jobs WHERE id = ANY(%s::uuid[])",
        [list(began_at)],
    ).fetchall()
    return [1000 * (started_at - began_at[job_id]) for job_id, started_at in rows]
