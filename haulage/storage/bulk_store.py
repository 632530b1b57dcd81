"""Bulk operations: which jobs are meant, and one batch of them at a time.

A batch changes its jobs, counts them and moves the operation's place in one transaction, under the
lease of the operation's own job: after a crash the next attempt goes on at the batch where it
stood, and of two attempts at once only one moves. The jobs are locked first and looked at again
then: one that does not fit any more is counted as skipped and stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.bulk import Action
from haulage.domain.clock import Clock
from haulage.domain.credit_errors import NotEnoughCredits
from haulage.domain.errors import HaulageError, LeaseLost
from haulage.domain.job import Lease
from haulage.domain.lifecycle import State
from haulage.storage import bulk_orders, decision_store, job_sql
from haulage.storage.bulk_orders import Order, Target
from haulage.storage.credit_ledger import Ended, reserve_in, settle_in
from haulage.storage.database import Database
from haulage.storage.tables import bulk_progress, jobs

_STATEMENTS = {
    Action.CANCEL: job_sql.CANCEL,
    Action.RETRY: decision_store.REDRIVE,
    Action.REDRIVE: decision_store.REDRIVE,
    Action.DISCARD: decision_store.DISCARD,
}

# Taken last, when the batch's own jobs are locked: locks go from older jobs to newer ones.
_HOLD_LEASE = sa.text("""
SELECT cancel_requested_at IS NOT NULL AS aborted FROM jobs
WHERE id = :id AND fence = :fence AND state = 'running'
FOR SHARE
""")


class BatchRefused(HaulageError):
    """PostgreSQL refused a batch, for one of its jobs; nothing of it has landed."""

    code = "batch_refused"


class _Aborted(Exception):
    """Rolls a batch back."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs were dealt with, and how; `place` is the last of them."""

    total: int
    changed: int = 0
    skipped: int = 0
    failed: int = 0
    place: Target | None = None

    @property
    def done(self) -> int:
        """All that were dealt with."""
        return self.changed + self.skipped + self.failed


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of a batch: the jobs that it changed, the workers that run some of them, and how
    far the operation is now."""

    changed: frozenset[UUID]
    workers: frozenset[UUID]
    counts: Counts
    aborted: bool = False


class BulkStore:
    """Bulk operations, each for its own tenant."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def count(self, order: Order, *, tenant: str) -> int:
        """How many jobs are meant now."""
        query = sa.select(sa.func.count()).where(*bulk_orders.meant(order, tenant=tenant))
        async with self._database.reading() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def targets(
        self, order: Order, *, tenant: str, after: Target | None, limit: int
    ) -> list[Target]:
        """Up to `limit` of the jobs that are meant now, past `after`, the oldest first."""
        query = sa.select(jobs.c.created_at, jobs.c.id).where(
            *bulk_orders.meant(order, tenant=tenant)
        )
        if after is not None:
            query = query.where(
                sa.tuple_(jobs.c.created_at, jobs.c.id) > sa.tuple_(after.at, after.id)
            )
        query = query.order_by(jobs.c.created_at, jobs.c.id).limit(limit)
        async with self._database.reading() as connection:
            return [Target(row.created_at, row.id) for row in await connection.execute(query)]

    async def begin(self, lease: Lease, order: Order) -> Counts:
        """How far the operation is; the jobs are counted the first time."""
        found = await self.progress([lease.job_id])
        if lease.job_id not in found:
            total = await self.count(order, tenant=lease.tenant)
            async with self._database.transaction() as connection:
                await connection.execute(
                    sa.text(
                        "INSERT INTO bulk_progress (job_id, total) VALUES (:id, :total)"
                        " ON CONFLICT DO NOTHING"
                    ),
                    {"id": lease.job_id, "total": total},
                )
            found = await self.progress([lease.job_id])
        return found[lease.job_id]

    async def progress(self, ids: Sequence[UUID]) -> dict[UUID, Counts]:
        """How far these operations are; those that have not begun are left out."""
        query = sa.select(bulk_progress).where(bulk_progress.c.job_id.in_(ids))
        async with self._database.reading() as connection:
            return {row.job_id: _counts(row) for row in await connection.execute(query)}

    async def apply(
        self, lease: Lease, order: Order, batch: Sequence[Target], *, before: Target | None
    ) -> Batch:
        """Deal with `batch`, the jobs that follow `before`.

        Nothing happens, and the answer says how far the operation is, when it does not stand at
        `before` any more, or was aborted. Raises `LeaseLost`, and `BatchRefused` when PostgreSQL
        won't have the change.
        """
        try:
            async with self._database.transaction() as connection:
                counts = await self._lock(connection, lease)
                if counts.place != before:
                    return Batch(frozenset(), frozenset(), counts)
                rows = await self._change(connection, lease, order, batch)
                if await self._is_aborted(connection, lease):
                    raise _Aborted
                counts = await self._move(
                    connection,
                    lease,
                    to=batch[-1],
                    changed=len(rows),
                    skipped=len(batch) - len(rows),
                )
                await _account_for(connection, order, rows, now=self._clock.now())
                return Batch(frozenset(row.id for row in rows), _workers(order, rows), counts)
        except _Aborted:
            return Batch(frozenset(), frozenset(), counts, aborted=True)
        except DBAPIError as error:
            raise BatchRefused(type(error.orig).__name__) from error
        except NotEnoughCredits as error:
            raise BatchRefused(str(error)) from error

    async def give_up(self, lease: Lease, target: Target, *, before: Target | None) -> Counts:
        """Count a job that PostgreSQL refuses to change as failed, and go on behind it."""
        async with self._database.transaction() as connection:
            counts = await self._lock(connection, lease)
            if counts.place != before or await self._is_aborted(connection, lease):
                return counts
            return await self._move(connection, lease, to=target, failed=1)

    async def end(self, lease: Lease) -> Counts:
        """Count as skipped what was meant at first and did not fit any more when its turn came."""
        async with self._database.transaction() as connection:
            counts = await self._lock(connection, lease)
            return await self._move(
                connection, lease, to=counts.place, skipped=counts.total - counts.done
            )

    async def _lock(self, connection: AsyncConnection, lease: Lease) -> Counts:
        query = sa.select(bulk_progress).where(bulk_progress.c.job_id == lease.job_id)
        return _counts((await connection.execute(query.with_for_update())).one())

    async def _change(
        self, connection: AsyncConnection, lease: Lease, order: Order, batch: Sequence[Target]
    ) -> Sequence[Any]:
        fitting = await connection.execute(
            bulk_orders.locked_and_fitting([one.id for one in batch], order, tenant=lease.tenant)
        )
        ids = [row.id for row in fitting]
        if not ids:
            return []
        rows = await connection.execute(
            _STATEMENTS[order.action],
            {
                "ids": ids,
                "tenant": lease.tenant,
                "by": order.by,
                "bulk": str(lease.job_id),
                "why": order.reason,
                "now": self._clock.now(),
                # A cancel in bulk ends what runs too.
                "only_waiting": False,
            },
        )
        return rows.all()

    async def _is_aborted(self, connection: AsyncConnection, lease: Lease) -> bool:
        """Whether a cancel was asked for; raises `LeaseLost`. The lease holds until the commit."""
        rows = await connection.execute(_HOLD_LEASE, {"id": lease.job_id, "fence": lease.fence})
        row = rows.one_or_none()
        if row is None:
            raise LeaseLost(f"bulk operation {lease.job_id} was refused: the lease is lost")
        return bool(row.aborted)

    async def _move(
        self,
        connection: AsyncConnection,
        lease: Lease,
        *,
        to: Target | None,
        changed: int = 0,
        skipped: int = 0,
        failed: int = 0,
    ) -> Counts:
        columns = bulk_progress.c
        done = columns.changed + columns.skipped + columns.failed + changed + skipped + failed
        moved = await connection.execute(
            bulk_progress.update()
            .where(columns.job_id == lease.job_id)
            .values(
                place_at=to and to.at,
                place_id=to and to.id,
                changed=columns.changed + changed,
                skipped=columns.skipped + skipped,
                failed=columns.failed + failed,
                # Jobs may have come to fit since they were counted.
                total=sa.func.greatest(columns.total, done),
            )
            .returning(*columns)
        )
        return _counts(moved.one())


async def _account_for(
    connection: AsyncConnection, order: Order, rows: Sequence[Any], *, now: datetime
) -> None:
    """Settle the credits of what was cancelled, reserve for what runs again."""
    if order.action is Action.CANCEL:
        ended = [Ended(row.id) for row in rows if row.is_charged]
        await settle_in(connection, ended, now=now)
    elif _STATEMENTS[order.action] is decision_store.REDRIVE:
        await reserve_in(connection, decision_store.due_of(rows), now=now)


def _workers(order: Order, rows: Sequence[Any]) -> frozenset[UUID]:
    if order.action is not Action.CANCEL:
        return frozenset()
    return frozenset(row.worker_id for row in rows if row.before == State.RUNNING)


def _counts(row: sa.Row[tuple[object, ...]]) -> Counts:
    place = None if row.place_at is None else Target(row.place_at, row.place_id)
    return Counts(row.total, row.changed, row.skipped, row.failed, place)
