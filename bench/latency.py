"""From submit to the handler's first line, single jobs at 100 a second over HTTP.

Jobs are sent on a timetable whether or not the last one was answered. Beside it plain Celery on
Redis with threads, from before `apply_async` to the task's first line.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

import httpx

from bench import yardstick_celery
from bench.system import System, report, running, temporary_folder
from haulage.runtime.redis import Redis

P50_MS, P99_MS = 15.0, 100.0
RATE_PER_S = 100
JOBS_FILE = str(Path(__file__).with_name("jobs.py"))


def main(*, seconds: int = 30) -> bool:
    """Print the line; whether the bars are met."""
    with running(handlers=(JOBS_FILE,)) as system:
        asyncio.run(_latencies_ms(system, 2 * RATE_PER_S))
        ours = asyncio.run(_latencies_ms(system, seconds * RATE_PER_S))
    with temporary_folder() as folder, Redis.start(folder / "redis") as broker:
        celery = yardstick_celery.latencies_ms(
            broker.url, seconds * RATE_PER_S // 3, per_s=RATE_PER_S
        )
    p50, p99 = percentiles(ours)
    celery_p50, celery_p99 = percentiles(celery)
    return report(
        "latency",
        met=p50 < P50_MS and p99 < P99_MS,
        jobs=len(ours),
        per_s=RATE_PER_S,
        p50_ms=p50,
        bar_p50_ms=P50_MS,
        p99_ms=p99,
        bar_p99_ms=P99_MS,
        max_ms=max(ours),
        celery_p50_ms=celery_p50,
        celery_p99_ms=celery_p99,
        ratio_of_p50_to_celery=p50 / celery_p50,
    )


def percentiles(values: list[float]) -> tuple[float, float]:
    """The 50th and the 99th."""
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


async def _latencies_ms(system: System, jobs: int) -> list[float]:
    sent_at: dict[str, float] = {}
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=20)
    async with httpx.AsyncClient(base_url=system.url, limits=limits) as http:

        async def submit() -> None:
            began = time.time()
            answer = await http.post("/api/v1/jobs", json={"type": "bench-stamp", "input": {}})
            answer.raise_for_status()
            sent_at[answer.json()["id"]] = began

        await on_timetable(submit, jobs)
    await asyncio.to_thread(system.until_settled)
    rows = system.database.execute(
        "SELECT id::text, (result->>'started_at')::float8 FROM jobs WHERE id = ANY(%s::uuid[])",
        [list(sent_at)],
    ).fetchall()
    return [1000 * (started_at - sent_at[job_id]) for job_id, started_at in rows]


async def on_timetable(act: Callable[[], object], times: int) -> None:
    """Start `act` `RATE_PER_S` times a second, however long each takes."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(times):
            await asyncio.sleep(begin + number / RATE_PER_S - loop.time())
            group.create_task(act())
