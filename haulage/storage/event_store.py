"""Events: a job's history, with a sequence of its own that has no gaps.

State events are written by the statement that changes the state. Here are the other two kinds,
progress and log lines of a running attempt, which are fenced like its settlement, and the reads.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.domain.job import Event, EventKind, Lease
from haulage.storage.database import Database
from haulage.storage.job_sql import HELD_BY_ITEM


@dataclass(frozen=True, slots=True)
class Note:
    """One progress report or log line of a running attempt; `data` is JSON text."""

    lease: Lease
    kind: EventKind
    data: str


_APPEND = sa.text(
    """
WITH item AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:counts AS int[]),
        CAST(:progress AS text[])
    ) AS t (id, fence, n, progress)
), held AS (
    SELECT item.id, item.n, item.progress, job.event_seq AS before
    FROM {held}
), moved AS (
    UPDATE jobs SET event_seq = event_seq + held.n,
                    progress = coalesce(CAST(held.progress AS json), jobs.progress)
    FROM held WHERE jobs.id = held.id
    RETURNING jobs.id, held.before
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT moved.id, moved.before + note.position, note.kind, :now, CAST(note.data AS json)
    FROM moved JOIN unnest(
        CAST(:note_ids AS uuid[]), CAST(:positions AS int[]), CAST(:kinds AS text[]),
        CAST(:data AS text[])
    ) AS note (id, position, kind, data) ON note.id = moved.id
)
SELECT id FROM moved
""".replace("{held}", HELD_BY_ITEM.format(lock="UPDATE"))
)

_AFTER = sa.text("""
SELECT events.job_id, events.seq, events.kind, events.at, CAST(events.data AS text) AS data
FROM unnest(CAST(:ids AS uuid[]), CAST(:after AS bigint[])) AS wanted (job_id, after)
CROSS JOIN LATERAL (
    SELECT * FROM events WHERE events.job_id = wanted.job_id AND events.seq > wanted.after
    ORDER BY events.seq LIMIT :limit
) AS events
ORDER BY events.job_id, events.seq
""")


class EventStore:
    """Progress, logs and replay."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def append(self, notes: Sequence[Note]) -> list[bool]:
        """Add notes in their order; for each whether it landed. False: the lease was lost."""
        # Two attempts of one job in one batch: only the newest can still hold the lease, and what
        # the other says must take no place in the sequence.
        fences: dict[UUID, int] = {}
        for note in notes:
            job_id, fence = note.lease.job_id, note.lease.fence
            fences[job_id] = max(fence, fences.get(job_id, fence))
        current = [note for note in notes if note.lease.fence == fences[note.lease.job_id]]
        counts: Counter[UUID] = Counter()
        positions = []
        progress: dict[UUID, str] = {}
        for note in current:
            counts[note.lease.job_id] += 1
            positions.append(counts[note.lease.job_id])
            if note.kind == EventKind.PROGRESS:
                progress[note.lease.job_id] = note.data
        sealer = self._database.sealer
        sealed = {job_id: sealer.seal(text) for job_id, text in progress.items()}
        async with self._database.statement() as connection:
            rows = await connection.execute(
                _APPEND,
                {
                    "ids": list(fences),
                    "fences": list(fences.values()),
                    "counts": [counts[job_id] for job_id in fences],
                    "progress": [sealed.get(job_id) for job_id in fences],
                    "note_ids": [note.lease.job_id for note in current],
                    "positions": positions,
                    "kinds": [note.kind.value for note in current],
                    "data": [sealer.seal(note.data) for note in current],
                    "now": self._clock.now(),
                },
            )
            landed = {row.id for row in rows}
        return [
            note.lease.job_id in landed and note.lease.fence == fences[note.lease.job_id]
            for note in notes
        ]

    async def after(
        self, positions: Mapping[UUID, int], *, limit: int = 1000
    ) -> dict[UUID, list[Event]]:
        """For each job the events past its position, in order, at most `limit` each."""
        if not positions:
            return {}
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _AFTER,
                {
                    "ids": list(positions),
                    "after": list(positions.values()),
                    "limit": limit,
                },
            )
            found: dict[UUID, list[Event]] = {}
            opened = self._database.sealer.open
            for row in rows:
                event = Event(row.job_id, row.seq, EventKind(row.kind), row.at, opened(row.data))
                found.setdefault(row.job_id, []).append(event)
        return found
