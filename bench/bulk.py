"""Bulk cancel of 100,000 queued jobs, and how long other jobs wait for their start meanwhile.

The 100,000 lie in a paused queue; the others are submitted one by one at 50 a second to another.
Beside it what somebody would do in psql: one UPDATE over all of them, which writes no history and
tells nobody. Then the others alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx

from bench.system import JOBS_FILE, System, report, running
from bench.timetable import percentiles

BAR_S, BAR_P99_MS = 20.0, 300.0
PER_S = 50
QUEUE = "backlog"
FILTER = {"action": "cancel", "filter": {"queue": QUEUE, "state": "queued"}, "reason": "benchmark"}
ENVIRONMENT = {
    "HAULAGE_QUEUES": f"io=io,cpu=cpu,{QUEUE}=io",
    "HAULAGE_ENGINE_QUEUE_DEPTH": "1000000",
}
# As the operation leaves them, but for the events.
ONE_UPDATE = """
UPDATE jobs SET state = 'cancelled', reason = NULL, rung_at = NULL, finished_at = now(),
    cancel_requested_at = now(), cancelled_at = now(), cancelled_by = 'psql'
WHERE queue = %s AND state = 'queued'
"""
STARTED = "SELECT id::text, (result->>'started_at')::float8 FROM jobs WHERE id = ANY(%s::uuid[])"
OVER = "SELECT count(*) FROM jobs WHERE id = ANY(%s::uuid[]) AND state = 'succeeded'"


def main(*, jobs: int = 100_000, alone_s: float = 10.0) -> bool:
    """Print the line; whether the bars are met."""
    with running(handlers=(JOBS_FILE,), environment=ENVIRONMENT) as system:
        system.http.post(f"/api/v1/queues/{QUEUE}/pause", json={"reason": "benchmark"})
        asyncio.run(_beside(system, lambda: asyncio.sleep(2)))
        _fill(system, jobs)
        ours_ms, took_s = asyncio.run(_beside(system, lambda: _cancel_all(system, jobs)))
        _fill(system, jobs)
        psql_ms, psql_s = asyncio.run(_beside(system, lambda: _update_all(system, jobs)))
        alone_ms, _ = asyncio.run(_beside(system, lambda: asyncio.sleep(alone_s)))
    _, p99 = percentiles(ours_ms)
    return report(
        "bulk",
        met=took_s < BAR_S and p99 < BAR_P99_MS,
        jobs=jobs,
        took_s=took_s,
        bar_s=BAR_S,
        others_per_s=PER_S,
        others_p99_ms=p99,
        bar_p99_ms=BAR_P99_MS,
        others_alone_p99_ms=percentiles(alone_ms)[1],
        one_update_s=psql_s,
        one_update_others_p99_ms=percentiles(psql_ms)[1],
        one_update_others_max_ms=max(psql_ms),
        others_max_ms=max(ours_ms),
    )


def _fill(system: System, jobs: int) -> None:
    system.submit("echo", {"value": 1}, jobs, queue=QUEUE)


async def _cancel_all(system: System, jobs: int) -> None:
    async with httpx.AsyncClient(base_url=system.url) as http:
        begun = (await http.post("/api/v1/bulk", json=FILTER)).raise_for_status().json()
        while begun["state"] in ("queued", "running"):
            await asyncio.sleep(0.1)
            begun = (await http.get(f"/api/v1/bulk/{begun['id']}")).raise_for_status().json()
    if begun["state"] != "succeeded" or begun["progress"]["changed"] != jobs:
        raise RuntimeError(f"the operation is {begun['state']}: {begun['progress']}")


async def _update_all(system: System, jobs: int) -> None:
    def update() -> int:
        with system.another_connection() as database:
            return database.execute(ONE_UPDATE, [QUEUE]).rowcount

    if (changed := await asyncio.to_thread(update)) != jobs:
        raise RuntimeError(f"{changed} jobs changed")


async def _beside(
    system: System, work: Callable[[], Awaitable[object]]
) -> tuple[list[float], float]:
    """How long jobs waited for their start, in ms, that were submitted while `work` went on, and
    how long that took, in seconds."""
    sent_at: dict[str, float] = {}
    took_s = 0.0
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=20)
    async with httpx.AsyncClient(base_url=system.url, limits=limits) as http:

        async def submit() -> None:
            began = time.time()
            answer = await http.post("/api/v1/jobs", json={"type": "bench-stamp", "input": {}})
            sent_at[answer.raise_for_status().json()["id"]] = began

        async def timed() -> None:
            nonlocal took_s
            began = time.perf_counter()
            await work()
            took_s = time.perf_counter() - began

        loop = asyncio.get_running_loop()
        begin, number = loop.time(), 0
        async with asyncio.TaskGroup() as group:
            worked = group.create_task(timed())
            while not worked.done() or number < PER_S:
                group.create_task(submit())
                number += 1
                await asyncio.sleep(begin + number / PER_S - loop.time())
    return await asyncio.to_thread(_waits_ms, system, sent_at), took_s


def _waits_ms(system: System, sent_at: dict[str, float]) -> list[float]:
    ids = list(sent_at)
    deadline = time.monotonic() + 60
    while _count(system, ids) < len(ids):
        if time.monotonic() > deadline:
            raise TimeoutError("jobs are left")
        time.sleep(0.1)
    rows = system.database.execute(STARTED, [ids]).fetchall()
    return [1000 * (started_at - sent_at[job_id]) for job_id, started_at in rows]


def _count(system: System, ids: list[str]) -> int:
    row = system.database.execute(OVER, [ids]).fetchone()
    assert row is not None
    return int(row[0])
