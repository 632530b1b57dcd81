"""Queues that somebody has paused: who, why and since when.

A paused queue takes jobs in and gives none out: its jobs are neither rung nor claimed; what runs
goes on. Both statements look at this table themselves, so that no process has to be told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.storage.database import Database
from haulage.storage.json_text import storable


@dataclass(frozen=True, slots=True)
class Pause:
    """A paused queue. `reason` is what `by` said, if anything."""

    queue: str
    by: str
    reason: str | None
    since: datetime


_PAUSE = sa.text("""
INSERT INTO queues (name, paused_at, paused_by, pause_reason) VALUES (:name, :now, :by, :reason)
ON CONFLICT (name) DO UPDATE
    SET paused_at = excluded.paused_at, paused_by = excluded.paused_by,
        pause_reason = excluded.pause_reason
    WHERE queues.paused_at IS NULL
""")

_RESUME = sa.text("""
UPDATE queues SET paused_at = NULL, paused_by = NULL, pause_reason = NULL
WHERE name = :name AND paused_at IS NOT NULL
""")

# Their messages may have come while nobody was allowed to claim them: they are rung anew.
_UNRING = sa.text("""
WITH held AS (
    SELECT id FROM jobs
    WHERE state = 'queued' AND queue = :name AND rung_at IS NOT NULL
    ORDER BY id
    FOR UPDATE SKIP LOCKED
)
UPDATE jobs SET rung_at = NULL FROM held WHERE jobs.id = held.id
""")

_PAUSED = sa.text("""
SELECT name, paused_by, pause_reason, paused_at FROM queues
WHERE paused_at IS NOT NULL ORDER BY name
""")


class QueueStore:
    """Pauses and resumes queues."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def pause(self, queue: str, *, by: str, reason: str | None = None) -> bool:
        """Pause `queue`; False when it was paused already: the first pause keeps its words."""
        async with self._database.transaction() as connection:
            done = await connection.execute(
                _PAUSE,
                {
                    "name": queue,
                    "now": self._clock.now(),
                    "by": storable(by),
                    "reason": None if reason is None else storable(reason),
                },
            )
            return done.rowcount > 0

    async def resume(self, queue: str) -> bool:
        """Let `queue` go on; the dispatcher's next tick rings. False when it was not paused."""
        async with self._database.transaction() as connection:
            done = await connection.execute(_RESUME, {"name": queue})
            if not done.rowcount:
                return False
            await connection.execute(_UNRING, {"name": queue})
            return True

    async def paused(self) -> Sequence[Pause]:
        """The queues that are paused now, by name."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_PAUSED)
            return [Pause(row.name, row.paused_by, row.pause_reason, row.paused_at) for row in rows]
