"""A tenant's balance over HTTP with 50,000 entries in its ledger, made by jobs that were run.

Asked one call after the other, and again while its jobs are submitted and settled in batches.
Beside it what the same answer costs PostgreSQL when the entries themselves are summed up.
"""

import asyncio
import time
from statistics import quantiles

import sqlalchemy as sa

from bench.system import System, report, running
from haulage.domain.clock import SystemClock
from haulage.domain.ids import uuid7
from haulage.domain.job import DEFAULT_TENANT, NewJob
from haulage.domain.outcome import Succeeded
from haulage.storage.blobs import Blobs
from haulage.storage.credit_audit import CreditAudit
from haulage.storage.credit_store import CreditStore
from haulage.storage.database import Database
from haulage.storage.job_store import JobStore
from haulage.storage.settlement import Settlement
from haulage.storage.worker_store import WorkerInfo, WorkerStore

BAR_MS = 5.0
ENTRIES = 50_000
BATCH = 500
PRICE = 10
GRANTS = 20
BALANCE = "/api/v1/credits"

_BY_ENTRIES = sa.text("""
SELECT sum(CASE WHEN target = 'available' THEN amount WHEN source = 'available' THEN -amount END)
FROM credit_entries WHERE tenant = :tenant
""")


class Customer:
    """A tenant whose jobs are run without a handler, on a queue that nobody else serves."""

    def __init__(self, system: System) -> None:
        self.database = Database(system.database_url, pool_size=2, name="bench-ledger")
        self._clock = SystemClock()
        blobs = Blobs.open(str(system.folder / "ledger"))
        self._jobs = JobStore(self.database, blobs, self._clock)
        self._worker_id = uuid7()

    async def begin(self, *, credits: int) -> None:
        """Be known, and have `credits` in several grants."""
        worker = WorkerInfo(self._worker_id, "bench", "bench", 1, "io", ["ledger"], 1, "0")
        await WorkerStore(self.database, self._clock).register(worker)
        for _ in range(GRANTS):
            store = CreditStore(self.database, self._clock)
            await store.grant(DEFAULT_TENANT, credits // GRANTS, by="bench")

    async def run(self, count: int) -> None:
        """Submit, claim and settle `count` jobs: two entries each."""
        jobs = [
            NewJob(uuid7(), "ledger", "{}", "ledger", price_credits=PRICE, rings=False)
            for _ in range(count)
        ]
        await self._jobs.insert(jobs)
        # Its heart does not beat: before each batch it is alive anew.
        await self._revive()
        leases = await self._jobs.claim(
            [job.id for job in jobs], worker_id=self._worker_id, worker_pid=1
        )
        landed = await self._jobs.settle(
            [Settlement(lease.job_id, lease.fence, Succeeded("null")) for lease in leases]
        )
        if sum(landed) != count:
            raise RuntimeError(f"{sum(landed)} of {count} jobs were settled")

    async def _revive(self) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(
                sa.text(
                    "UPDATE workers SET heartbeat_at = now() + interval '1 hour', ended_at = NULL "
                    "WHERE id = :id"
                ),
                {"id": self._worker_id},
            )


def main(*, entries: int = ENTRIES, calls: int = 2_000) -> bool:
    """Print the line; whether the bar is met."""
    with running() as system:
        figures = asyncio.run(_measured(system, entries, calls))
    return report(
        "ledger",
        met=figures["balance_p99_ms"] < BAR_MS and figures["findings"] == 0,
        entries=entries,
        bar_ms=BAR_MS,
        **figures,
    )


async def _measured(system: System, entries: int, calls: int) -> dict[str, float]:
    customer = Customer(system)
    try:
        await customer.begin(credits=4 * entries * PRICE)
        began = time.perf_counter()
        for _ in range(entries // 2 // BATCH):
            await customer.run(BATCH)
        took_s = time.perf_counter() - began
        _times_ms(system, BALANCE, 50)
        bare = await asyncio.to_thread(_times_ms, system, "/api/v1/types/echo", calls)
        quiet = await asyncio.to_thread(_times_ms, system, BALANCE, calls)
        asking = asyncio.create_task(asyncio.to_thread(_times_ms, system, BALANCE, calls))
        while not asking.done():
            await customer.run(BATCH)
        busy = await asking
        return {
            "balance_p50_ms": quantiles(quiet, n=100)[49],
            "balance_p99_ms": quantiles(quiet, n=100)[98],
            # What any answer takes here, without a question to PostgreSQL.
            "bare_answer_p50_ms": quantiles(bare, n=100)[49],
            "bare_answer_p99_ms": quantiles(bare, n=100)[98],
            "busy_p99_ms": quantiles(busy, n=100)[98],
            "by_entries_ms": await _by_entries_ms(customer.database),
            "charged_jobs_per_s": entries // 2 / took_s,
            "findings": len(await CreditAudit(customer.database).findings()),
        }
    finally:
        await customer.database.close()


def _times_ms(system: System, path: str, calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        system.http.get(path).raise_for_status()
        times.append(1000 * (time.perf_counter() - began))
    return times


async def _by_entries_ms(database: Database) -> float:
    times = []
    for _ in range(20):
        began = time.perf_counter()
        async with database.reading() as connection:
            await connection.execute(_BY_ENTRIES, {"tenant": DEFAULT_TENANT})
        times.append(1000 * (time.perf_counter() - began))
    return sorted(times)[len(times) // 2]
