"""Bulk operations run as a job: batch after batch, giving way to others in between.

A batch is one short transaction that also moves the operation's place, so that after a crash the
next attempt goes on where the last one stood, and a redrive of an aborted operation too. A job
that PostgreSQL refuses to change is counted as failed and does not hold up the others.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from haulage.domain import bulk
from haulage.domain.bulk import Action
from haulage.domain.context import Context
from haulage.domain.errors import Snoozed
from haulage.domain.job import Lease
from haulage.domain.job_type import Policy, Registry, job_type
from haulage.engine.batcher import patiently
from haulage.engine.context import RunContext
from haulage.engine.control import Control
from haulage.engine.services import Services
from haulage.storage.bulk_orders import Order, Target
from haulage.storage.bulk_store import Batch, BatchRefused, BulkStore, Counts
from haulage.telemetry import logs

log = logs.get(__name__)

# So many jobs are locked at once; others wait for them no longer than one batch takes.
BATCH = 500
# Found at once: a filter that no index answers is asked only every so often.
AHEAD = 10_000
# A pause after each batch, in parts of the time that it took.
REST_SHARE = 0.25
# An attempt may take a day, and be cut short as often as workers are restarted in that time.
POLICY = Policy(max_attempts=20, timeout_s=24 * 3600.0, max_crashes=10)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a bulk operation, in jobs."""

    total: int
    changed: int
    skipped: int
    failed: int


def declare_in(registry: Registry) -> None:
    """Let a process know the job type of bulk operations."""
    declare = job_type(bulk.TYPE, queue=bulk.QUEUE, policy=POLICY, internal=True, registry=registry)
    declare(run)


async def run(input: Order, ctx: Context) -> Done:
    """Cancel, retry, redrive or discard all jobs that a filter means."""
    # A handler of the engine's own: it works on the stores that its context has.
    assert isinstance(ctx, RunContext)
    counts = await Operation(input, ctx.lease, ctx.services, ctx).carry_out()
    return Done(counts.total, counts.changed, counts.skipped, counts.failed)


class Operation:
    """One attempt at a bulk operation."""

    def __init__(self, order: Order, lease: Lease, services: Services, context: Context) -> None:
        self._order = order
        self._lease = lease
        self._services = services
        self._context = context
        self._control = Control(services)
        self._store = BulkStore(services.database, services.clock)

    async def carry_out(self) -> Counts:
        """Go on to the end from wherever it stands."""
        store, order, lease = self._store, self._order, self._lease
        counts = await patiently(lambda: store.begin(lease, order))
        await self._report(counts)
        while targets := await self._targets(counts.place):
            for start in range(0, len(targets), BATCH):
                batch = targets[start : start + BATCH]
                began = time.perf_counter()
                counts = await self._deal_with(batch, counts.place)
                await self._report(counts)
                await asyncio.sleep(REST_SHARE * (time.perf_counter() - began))
                if counts.place != batch[-1]:
                    # Another attempt is ahead of this one; its lease will be refused soon.
                    break
        counts = await patiently(lambda: store.end(lease))
        await self._report(counts)
        return counts

    async def _targets(self, after: Target | None) -> list[Target]:
        return await patiently(
            lambda: self._store.targets(
                self._order, tenant=self._lease.tenant, after=after, limit=AHEAD
            )
        )

    async def _deal_with(self, batch: Sequence[Target], before: Target | None) -> Counts:
        """Change a batch, or as much of it as PostgreSQL takes."""
        try:
            done = await patiently(
                lambda: self._store.apply(self._lease, self._order, batch, before=before)
            )
        except BatchRefused as error:
            if len(batch) == 1:
                return await self._give_up(batch[0], before, error)
            half = len(batch) // 2
            counts = await self._deal_with(batch[:half], before)
            if counts.place != batch[half - 1]:
                return counts
            return await self._deal_with(batch[half:], counts.place)
        if done.aborted:
            # The settlement makes a cancelled job of it, as one was asked for.
            raise Snoozed("aborted", delay_s=0)
        await self._tell(done)
        return done.counts

    async def _give_up(self, target: Target, before: Target | None, error: BatchRefused) -> Counts:
        await self._context.log("refused", job_id=str(target.id), error=str(error))
        log.warning("bulk.refused", job_id=str(target.id), error=str(error))
        return await patiently(lambda: self._store.give_up(self._lease, target, before=before))

    async def _tell(self, done: Batch) -> None:
        """Ring the streams and workers of a batch that has landed; reach the children."""
        self._services.event_bell.rang(done.changed)
        self._services.worker_bell.wake(list(done.workers))
        if self._order.action is Action.CANCEL and done.changed:
            self._services.traffic.abandon(done.changed)
            await patiently(
                lambda: self._control.cancel_children(
                    list(done.changed),
                    tenant=self._lease.tenant,
                    by=self._order.by,
                    bulk=self._lease.job_id,
                    why=self._order.reason,
                )
            )

    async def _report(self, counts: Counts) -> None:
        await self._context.progress(
            step=self._order.action.value,
            done=counts.changed + counts.skipped,
            failed=counts.failed,
            total=counts.total,
        )
