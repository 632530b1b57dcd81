"""From submit to the handler's first line, single jobs at 100 a second over HTTP.

Beside it plain Celery on Redis with threads, from before `apply_async` to the task's first line.
"""

import asyncio
import time

from bench import timetable, yardstick_celery
from bench.system import JOBS_FILE, System, report, running, temporary_folder
from bench.timetable import RATE_PER_S, percentiles, start_latencies_ms
from haulage.runtime.redis import Redis

P50_MS, P99_MS = 15.0, 100.0


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


async def _latencies_ms(system: System, jobs: int) -> list[float]:
    async with timetable.client(system.url) as http:

        async def submit() -> tuple[str, float]:
            began = time.time()
            answer = await http.post("/api/v1/jobs", json=timetable.STAMP)
            answer.raise_for_status()
            return answer.json()["id"], began

        return await start_latencies_ms(system, submit, jobs)
