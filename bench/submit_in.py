"""From before the commit of a transaction that submits to the handler's first line, 100 a second.

Each transaction also writes a row of the caller's own. Beside it the same jobs, at the same rate,
submitted over HTTP to the same system after that row's commit: what an application does that does
not share its transaction.
"""

import asyncio
import time

from psycopg_pool import AsyncConnectionPool

from bench import timetable
from bench.system import JOBS_FILE, System, report, running
from bench.timetable import CONNECTIONS, RATE_PER_S, percentiles, start_latencies_ms
from haulage import submit_in

P50_MS, P99_MS = 25.0, 100.0


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
    async with (
        AsyncConnectionPool(system.database_url, min_size=CONNECTIONS, open=False) as pool,
        timetable.client(system.url) as client,
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
            answer = await client.post("/api/v1/jobs", json=timetable.STAMP)
            answer.raise_for_status()
            return answer.json()["id"], began

        times = seconds * RATE_PER_S
        return (
            await start_latencies_ms(system, inside, times),
            await start_latencies_ms(system, over_http, times),
        )
