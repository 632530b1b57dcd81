"""How long a single `POST /jobs` takes to be answered at 100 a second, while the jobs run.

Against a FastAPI route that validates the same body and stores nothing, in the same run.
"""

import asyncio
import time

from bench import serving, timetable
from bench.system import JOBS_FILE, report, running
from bench.timetable import RATE_PER_S, on_timetable, percentiles

P50_MS, P99_MS = 10.0, 50.0


def main(*, seconds: int = 20) -> bool:
    """Print the line; whether the bars are met."""
    with running(handlers=(JOBS_FILE,)) as system:
        asyncio.run(_answers_ms(system.url, "/api/v1/jobs", 2 * RATE_PER_S))
        ours = asyncio.run(_answers_ms(system.url, "/api/v1/jobs", seconds * RATE_PER_S))
        system.until_settled()
    with serving.running("bench.empty_route") as route:
        empty = asyncio.run(_answers_ms(route.url, "/jobs", seconds * RATE_PER_S // 2))
    p50, p99 = percentiles(ours)
    empty_p50, empty_p99 = percentiles(empty)
    return report(
        "answers",
        met=p50 < P50_MS and p99 < P99_MS,
        posts=len(ours),
        per_s=RATE_PER_S,
        p50_ms=p50,
        bar_p50_ms=P50_MS,
        p99_ms=p99,
        bar_p99_ms=P99_MS,
        max_ms=max(ours),
        empty_fastapi_p50_ms=empty_p50,
        empty_fastapi_p99_ms=empty_p99,
    )


async def _answers_ms(url: str, path: str, posts: int) -> list[float]:
    took_ms: list[float] = []
    async with timetable.client(url) as http:

        async def post() -> None:
            began = time.perf_counter()
            answer = await http.post(path, json=timetable.STAMP)
            took_ms.append(1000 * (time.perf_counter() - began))
            answer.raise_for_status()

        await on_timetable(post, posts)
    return took_ms
