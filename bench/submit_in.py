"""From before the commit of a transaction that submits to the handler's first line, 100 a second.

Each transaction also writes a row of the caller's own. Beside it the same jobs, at the same rate,
submitted over HTTP to the same system after that row's commit: what an application does that does
not share its transaction.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
from psycopg_pool import AsyncConnectionPool

from bench.latency import JOBS_FILE, RATE_PER_S, on_timetable, percentiles
from bench.system import System, report, running
from haulage import submit_in

P50_MS, P99_MS = 25.0, 100.0
CONNECTIONS = 20


def main(*, seconds: int = 20) -> bool:
    """Print the line; whether the bars are met."""
    with running(handlers=(JOBS_FILE,)) as system:
        system.database.execute("CREATE TABLE orders (id serial PRIMARY KEY, at float8)")
        asyncio.run(_both(system, 2))
        ours, http = asyncio.run(_both(system, seconds))
    p50, p99 = percentiles(ours)
    http_p50, http_p99 = percentiles(http)
    return report(
        "submit_in",
        met=p50 < P50_MS and p99 < P99_MS,
        jobs=len(ours),
        per_s=RATE_PER_S,
        p50_ms=p50,
        bar_p50_ms=P50_MS,
        p99_ms=p99,
        bar_p99_ms=P99_MS,
        max_ms=max(ours),
        http_p50_ms=http_p50,
        http_p99_ms=http_p99,
        ratio_of_p50_to_http=p50 / http_p50,
    )


async def _both(system: System, seconds: int) -> tuple[list[float], list[float]]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with (
        AsyncConnectionPool(system.database_url, min_size=CONNECTIONS, open=False) as pool,
        httpx.AsyncClient(base_url=system.url, limits=limits) as client,
    ):

        async def inside() -> tuple[str, float]:
            async with pool.connection() as connection:
                await connection.execute("INSERT INTO orders (at) VALUES (0)")
                job_id = await submit_in(connection, "bench-stamp", {})
                began = time.time()
            return str(job_id), began

        async def over_http() -> tuple[str, float]:
            async with pool.connection() as connection:
                await connection.execute("INSERT INTO orders (at) VALUES (0)")
                began = time.time()
            answer = await client.post("/api/v1/jobs", json={"type": "bench-stamp", "input": {}})
            answer.raise_for_status()
            return answer.json()["id"], began

        return (
            await _latencies_ms(system, inside, seconds),
            await _latencies_ms(system, over_http, seconds),
        )


async def _latencies_ms(
    system: System, submit: Callable[[], Awaitable[tuple[str, float]]], seconds: int
) -> list[float]:
    """From before each commit to the job's first line."""
    committed_at: dict[str, float] = {}

    async def once() -> None:
        job_id, began = await submit()
        committed_at[job_id] = began

    await on_timetable(once, seconds * RATE_PER_S)
    await asyncio.to_thread(system.until_settled)
    rows = system.database.execute(
        "SELECT id::text, (result->>'started_at')::float8 FROM jobs WHERE id = ANY(%s::uuid[])",
        [list(committed_at)],
    ).fetchall()
    return [1000 * (started_at - committed_at[job_id]) for job_id, started_at in rows]
