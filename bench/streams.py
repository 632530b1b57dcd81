"""Server-sent events on one API process: how late they come to 1,000 readers, what 5,000 idle ones
weigh.

Each of the 1,000 follows a job of its own, which says a line every two seconds. A line's age counts
from before its handler reports it: when it is read it has gone through the worker's batch,
PostgreSQL, Redis and the API. Against Starlette on uvicorn, which sends the same lines and keeps
nothing, in the same run.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import uvloop

from bench import serving
from bench.sse_readers import Readers, allow_files, reading
from bench.system import JOBS_FILE, report, resident_mb, running
from bench.timetable import percentiles

READERS, P99_MS = 1_000, 500.0
IDLE, MEMORY_MB = 5_000, 400.0
EVERY_S = 2.0
BARE = "bench.bare_streams"


def main(*, seconds: int = 30) -> bool:
    """Print the line of 1,000 readers; whether the bar is met."""
    allow_files()
    delays_s = [EVERY_S * number / READERS for number in range(READERS)]
    talks = [{"lines": 10_000, "every_s": EVERY_S, "delay_s": delay_s} for delay_s in delays_s]
    with running(handlers=(JOBS_FILE,), io_concurrency=READERS + 100) as system:
        paths = [_events(job_id) for job_id in system.submit_each("bench-talk", talks)]
        ours = uvloop.run(_heard(system.url, paths, seconds))
    with serving.running(BARE) as bare:
        paths = [f"/events/{n}?every={EVERY_S}&delay={delay}" for n, delay in enumerate(delays_s)]
        theirs = uvloop.run(_heard(bare.url, paths, seconds))
    p50, p99 = percentiles(ours.latencies_ms)
    bare_p50, bare_p99 = percentiles(theirs.latencies_ms)
    return report(
        "streams",
        met=p99 < P99_MS and not ours.ended,
        readers=READERS,
        events_per_s=len(ours.latencies_ms) / seconds,
        p50_ms=p50,
        p99_ms=p99,
        bar_p99_ms=P99_MS,
        max_ms=max(ours.latencies_ms),
        ended_early=ours.ended,
        bare_starlette_events_per_s=len(theirs.latencies_ms) / seconds,
        bare_starlette_p50_ms=bare_p50,
        bare_starlette_p99_ms=bare_p99,
    )


def idle(*, seconds: int = 20) -> bool:
    """Print the line of 5,000 streams on which nothing happens; whether the bar is met."""
    allow_files()
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    with running() as system:
        job_ids = system.submit("echo", {"value": 1}, IDLE, run_at=later)
        before_mb = resident_mb(system.api_pid)
        paths = [_events(job_id) for job_id in job_ids]
        ours_mb = uvloop.run(_weighed(system.url, paths, system.api_pid, seconds))
    with serving.running(BARE) as bare:
        bare_before_mb = resident_mb(bare.pid)
        paths = [f"/events/{number}" for number in range(IDLE)]
        bare_mb = uvloop.run(_weighed(bare.url, paths, bare.pid, seconds))
    return report(
        "idle_streams",
        met=ours_mb < MEMORY_MB,
        streams=IDLE,
        api_mb=ours_mb,
        bar_mb=MEMORY_MB,
        before_mb=before_mb,
        kb_each=1000 * (ours_mb - before_mb) / IDLE,
        bare_starlette_mb=bare_mb,
        bare_starlette_kb_each=1000 * (bare_mb - bare_before_mb) / IDLE,
    )


async def _heard(url: str, paths: Sequence[str], seconds: float) -> Readers:
    """What all readers heard in so many seconds, once they had all been there for a while."""
    async with reading(url, paths) as readers:
        await asyncio.sleep(2 * EVERY_S)
        readers.latencies_ms.clear()
        await asyncio.sleep(seconds)
        return readers


async def _weighed(url: str, paths: Sequence[str], pid: int, seconds: float) -> float:
    """The most memory that the process took, looked at each second."""
    most_mb = 0.0
    async with reading(url, paths) as readers:
        for _ in range(round(seconds)):
            await asyncio.sleep(1)
            most_mb = max(most_mb, resident_mb(pid))
        if readers.ended:
            raise RuntimeError(f"{readers.ended} of {len(paths)} streams ended")
    return most_mb


def _events(job_id: str) -> str:
    return f"/api/v1/jobs/{job_id}/events"
