"""The yardstick: no-op jobs through awa-pg, a Rust queue on PostgreSQL alone; one Python worker.

Run as a module it is the worker: `python -m bench.yardstick_awa URL JOBS` says `ready`, and `done`
when its handler has been called that often. What awa still writes after that is not counted.
"""

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass

from awa import AsyncClient

BATCH = 1_000
QUEUE = "bench"
SLOTS = 1_000


@dataclass
class Noop:
    """The job's arguments."""

    value: int


def rate(database_url: str, jobs: int) -> float:
    """Jobs per second from the first `insert_many_copy` to the last handler's call."""
    return asyncio.run(_rate(database_url, jobs))


async def _rate(database_url: str, jobs: int) -> float:
    async with AsyncClient(database_url) as client:
        await client.migrate()
        worker = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
            [sys.executable, "-m", "bench.yardstick_awa", database_url, str(jobs)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert worker.stdout is not None
        try:
            _expect(worker.stdout.readline(), "ready")
            began = time.perf_counter()
            for start in range(0, jobs, BATCH):
                size = min(BATCH, jobs - start)
                await client.insert_many_copy([Noop(start + i) for i in range(size)], queue=QUEUE)
            _expect(await asyncio.to_thread(worker.stdout.readline), "done")
            return jobs / (time.perf_counter() - began)
        finally:
            worker.terminate()
            worker.wait(30)


def _expect(line: str, wanted: str) -> None:
    if line.strip() != wanted:
        raise RuntimeError(f"awa's worker said {line!r}, not {wanted!r}")


async def _serve(database_url: str, jobs: int) -> None:
    client = AsyncClient(database_url)
    called = 0
    over = asyncio.Event()

    @client.task(Noop, queue=QUEUE)
    async def noop(_job: object) -> None:
        nonlocal called
        called += 1
        if called == jobs:
            over.set()

    await client.start([(QUEUE, SLOTS)])
    print("ready", flush=True)
    await over.wait()
    print("done", flush=True)
    await client.shutdown()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
