"""What lies in the queues and who works on them. Nothing here writes.

Counts go over jobs that are not over, by their partial indexes: finished ones cost nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.job import Priority
from haulage.storage.database import Database


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """One queue's jobs that are not over, over all tenants.

    `fresh` and `retries` are queued: those that never ran, and those on the retry lane.
    `by_priority` counts both. `oldest_at` is since when the longest waiting one is ready.
    """

    fresh: int = 0
    retries: int = 0
    running: int = 0
    scheduled: int = 0
    waiting_for_children: int = 0
    by_priority: Mapping[Priority, int] | None = None
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HeldJob:
    """What a worker runs: a job and since when."""

    job_id: UUID
    type: str
    tenant: str
    attempt: int
    claimed_at: datetime


_QUEUED = sa.text("""
SELECT queue, attempt > 0 AS retry, priority, count(*) AS n, min(scheduled_at) AS oldest_at
FROM (
    SELECT queue, attempt, priority, scheduled_at FROM jobs
    WHERE state = 'queued' AND rung_at IS NULL
    UNION ALL
    SELECT queue, attempt, priority, scheduled_at FROM jobs
    WHERE state = 'queued' AND rung_at IS NOT NULL
) AS queued
GROUP BY queue, retry, priority
""")

_OTHERS = sa.text("""
SELECT queue, 'running' AS state, count(*) AS n FROM jobs WHERE state = 'running' GROUP BY queue
UNION ALL
SELECT queue, 'scheduled', count(*) FROM jobs WHERE state = 'scheduled' GROUP BY queue
UNION ALL
SELECT queue, 'waiting', count(*) FROM jobs WHERE state = 'waiting' GROUP BY queue
""")

_HELD = sa.text("""
SELECT worker_id, id, type, tenant, attempt, claimed_at FROM (
    SELECT worker_id, id, type, tenant, attempt, claimed_at,
           row_number() OVER (PARTITION BY worker_id ORDER BY claimed_at, id) AS place
    FROM jobs WHERE state = 'running'
      AND (CAST(:by AS uuid) IS NULL OR worker_id = CAST(:by AS uuid))
) AS held
WHERE place <= :most
ORDER BY worker_id, place
""")


# By the partial indexes of what runs and what waits for children.
_OLDEST = sa.text("""
SELECT type, min(started_at) AS began_at FROM (
    SELECT type, started_at FROM jobs WHERE state = 'running'
    UNION ALL
    SELECT type, started_at FROM jobs WHERE state = 'waiting'
) AS begun
WHERE started_at IS NOT NULL GROUP BY type
""")

_TOTALS = sa.text("""
SELECT (SELECT count(*) FROM workers WHERE ended_at IS NULL AND pool = 'io') AS io,
       (SELECT count(*) FROM workers WHERE ended_at IS NULL AND pool = 'cpu') AS cpu,
       (SELECT count(*) FROM jobs WHERE state = 'failed' AND discarded_at IS NULL) AS dead_letters
""")


@dataclass(frozen=True, slots=True)
class Totals:
    """Over all queues and tenants: when the oldest job of each type that is begun and not over
    began, how many workers of each pool are alive, and how many dead letters there are."""

    oldest: Mapping[str, datetime]
    workers: Mapping[str, int]
    dead_letters: int


class QueueReads:
    """Depths of queues, and what workers hold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def depths(self) -> dict[str, QueueDepth]:
        """Each queue that has jobs which are not over."""
        async with self._database.reading() as connection:
            queued = (await connection.execute(_QUEUED)).all()
            others = (await connection.execute(_OTHERS)).all()
        names = {row.queue for row in queued} | {row.queue for row in others}
        return {
            name: _depth(
                [row for row in queued if row.queue == name],
                {row.state: row.n for row in others if row.queue == name},
            )
            for name in sorted(names)
        }

    async def totals(self) -> Totals:
        """What is told of all queues together."""
        async with self._database.reading() as connection:
            oldest = (await connection.execute(_OLDEST)).all()
            row = (await connection.execute(_TOTALS)).one()
        return Totals(
            {one.type: one.began_at for one in oldest},
            {"io": row.io, "cpu": row.cpu},
            row.dead_letters,
        )

    async def held(self, *, most: int, by: UUID | None = None) -> dict[UUID, list[HeldJob]]:
        """What each worker runs, or the one that is said; longest first, at most `most` of each."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_HELD, {"most": most, "by": by})
            found: dict[UUID, list[HeldJob]] = {}
            for row in rows:
                held = HeldJob(row.id, row.type, row.tenant, row.attempt, row.claimed_at)
                found.setdefault(row.worker_id, []).append(held)
            return found


def _depth(queued: Sequence[sa.Row[tuple[object, ...]]], others: Mapping[str, int]) -> QueueDepth:
    by_priority = dict.fromkeys(Priority, 0)
    for row in queued:
        by_priority[Priority(row.priority)] += row.n
    return QueueDepth(
        fresh=sum(row.n for row in queued if not row.retry),
        retries=sum(row.n for row in queued if row.retry),
        running=others.get("running", 0),
        scheduled=others.get("scheduled", 0),
        waiting_for_children=others.get("waiting", 0),
        by_priority=by_priority,
        oldest_at=min((row.oldest_at for row in queued), default=None),
    )
