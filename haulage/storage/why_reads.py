"""What stands between a job and its run, as the tables know it. Nothing here writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.job import Priority
from haulage.domain.lifecycle import TERMINAL, State
from haulage.storage.database import Database
from haulage.storage.job_sql import states

# Past this many "ahead" says enough.
COUNT_UP_TO = 10_000
CHILDREN_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a job stands. `scheduled_at` is when it is or was due; `error` its last attempt's."""

    id: UUID
    tenant: str
    type: str
    state: State
    reason: str | None
    queue: str
    priority: Priority
    attempt: int
    max_attempts: int
    scheduled_at: datetime
    rung_at: datetime | None
    alone: bool
    suspicion: int
    claimed_at: datetime | None
    finished_at: datetime | None
    deadline: datetime | None
    cancelled_by: str | None
    error: dict[str, Any] | None
    worker_id: UUID | None
    worker_name: str | None


@dataclass(frozen=True, slots=True)
class Child:
    """A child that is not over."""

    id: UUID
    type: str
    state: State


_STANDING = sa.text("""
SELECT jobs.id, tenant, type, state, reason, queue, priority, attempt, max_attempts, scheduled_at,
       rung_at, alone, suspicion, claimed_at, finished_at, deadline, cancelled_by, error, worker_id,
       workers.name AS worker_name
FROM jobs LEFT JOIN workers ON workers.id = jobs.worker_id
WHERE jobs.id = :id AND tenant = :tenant
""")

# Those that are rung already, and of the others those of its tenant that come before it: between
# tenants the dispatcher takes turns, so what others have waiting is not simply ahead.
_AHEAD = sa.text("""
SELECT (
    SELECT count(*) FROM (
        SELECT 1 FROM jobs
        WHERE state = 'queued' AND rung_at IS NOT NULL AND queue = :queue AND id <> :id
        LIMIT :most) AS rung
) AS rung, (
    SELECT count(*) FROM (
        SELECT 1 FROM jobs
        WHERE state = 'queued' AND rung_at IS NULL AND queue = :queue AND tenant = :tenant
          AND (priority, scheduled_at, id) < (:priority, CAST(:scheduled_at AS timestamptz), :id)
        LIMIT :most) AS earlier
) AS earlier
""")

# The event that parked it says what for.
_WAITS_FOR = sa.text("""
SELECT data->'waits_for' AS waits_for FROM events
WHERE job_id = :id AND kind = 'state' ORDER BY seq DESC LIMIT 1
""")

_CHILDREN = sa.text(
    """
SELECT id, type, state, count(*) OVER () AS total FROM jobs
WHERE parent_id = :id AND state NOT IN ({terminal})
ORDER BY id LIMIT :most
""".replace("{terminal}", states(*sorted(TERMINAL)))
)


class WhyReads:
    """One job's standing, what is ahead of it, whom it waits for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, job_id: UUID, *, tenant: str) -> Standing | None:
        """Where the job stands; None: no such job."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_STANDING, {"id": job_id, "tenant": tenant})
            row = rows.mappings().one_or_none()
        if row is None:
            return None
        return Standing(
            **{**row, "state": State(row["state"]), "priority": Priority(row["priority"])}
        )

    async def ahead(self, job: Standing) -> tuple[int, int]:
        """How many of its queue are rung, and how many of its tenant come before it unrung.

        Neither is counted past `COUNT_UP_TO`.
        """
        async with self._database.reading() as connection:
            row = (
                await connection.execute(
                    _AHEAD,
                    {
                        "queue": job.queue,
                        "id": job.id,
                        "tenant": job.tenant,
                        "priority": int(job.priority),
                        "scheduled_at": job.scheduled_at,
                        "most": COUNT_UP_TO,
                    },
                )
            ).one()
        return row.rung, row.earlier

    async def waits_for(self, job_id: UUID) -> Mapping[str, Any]:
        """What a parked job waits for: kind, pool, perhaps a limit. Empty: nothing of ours."""
        async with self._database.reading() as connection:
            found = (await connection.execute(_WAITS_FOR, {"id": job_id})).scalar_one_or_none()
        return found or {}

    async def live_children(self, job_id: UUID) -> tuple[int, Sequence[Child]]:
        """How many children are not over, and the first of them."""
        async with self._database.reading() as connection:
            rows = (
                await connection.execute(_CHILDREN, {"id": job_id, "most": CHILDREN_SHOWN})
            ).all()
        total = rows[0].total if rows else 0
        return total, [Child(row.id, row.type, State(row.state)) for row in rows]
