"""What people decide about jobs that are over: redrive them, or put them aside.

No machine leaves a terminal state; these two are somebody's decision and say whose. A redrive
starts the next run of the same job: its steps stay, attempts and crashes count anew, the fence goes
on growing, so that nothing of the old run can settle the new one.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.domain.lifecycle import REDRIVABLE
from haulage.storage.credit_ledger import Due, reserve_in
from haulage.storage.database import Database
from haulage.storage.job_sql import states

REDRIVE = sa.text(
    """
WITH held AS (
    SELECT id FROM jobs
    WHERE id = ANY(CAST(:ids AS uuid[])) AND tenant = :tenant AND state IN ({redrivable})
    ORDER BY id
    FOR UPDATE
), redriven AS (
    UPDATE jobs SET
        state = 'queued', reason = 'redrive', run = run + 1, attempt = 0, crashes = 0,
        suspicion = 0,
        scheduled_at = :now, rung_at = NULL, started_at = NULL, finished_at = NULL,
        -- The deadline belonged to the run that is over.
        deadline = NULL, error = NULL, error_text = NULL, fingerprint = NULL, progress = NULL,
        cancel_requested_at = NULL, cancelled_at = NULL, cancelled_by = NULL,
        discarded_at = NULL, discarded_by = NULL,
        event_seq = event_seq + 1
    FROM held WHERE jobs.id = held.id
    RETURNING jobs.id, event_seq, run, jobs.tenant, price_credits
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now, json_strip_nulls(json_build_object(
        'state', 'queued', 'reason', 'redrive', 'run', run, 'by', CAST(:by AS text),
        'bulk', CAST(:bulk AS text), 'why', CAST(:why AS text)))
    FROM redriven
)
SELECT id, run, tenant, price_credits FROM redriven
""".replace("{redrivable}", states(*sorted(REDRIVABLE)))
)

DISCARD = sa.text("""
WITH held AS (
    SELECT id FROM jobs
    WHERE id = ANY(CAST(:ids AS uuid[])) AND tenant = :tenant AND state = 'failed'
      AND discarded_at IS NULL
    ORDER BY id
    FOR UPDATE
), discarded AS (
    UPDATE jobs SET discarded_at = :now, discarded_by = :by, event_seq = event_seq + 1
    FROM held WHERE jobs.id = held.id
    RETURNING jobs.id, event_seq
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'log', :now, json_build_object(
        'message', 'discarded', 'fields', json_strip_nulls(json_build_object(
            'by', CAST(:by AS text), 'bulk', CAST(:bulk AS text), 'why', CAST(:why AS text))))
    FROM discarded
)
SELECT id FROM discarded
""")


class DecisionStore:
    """Somebody's decisions about jobs that are over, for one tenant at a time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def redrive(self, ids: Sequence[UUID], *, tenant: str, by: str) -> set[UUID]:
        """Queue the next run of failed and cancelled jobs; those it landed for.

        The dispatcher rings them in their turn. Others, and those of another tenant, stay as they
        are. Raises `NotEnoughCredits` where the balance does not suffice for all of them.
        """
        return await self._decide(REDRIVE, ids, tenant=tenant, by=by)

    async def discard(self, ids: Sequence[UUID], *, tenant: str, by: str) -> set[UUID]:
        """Put dead letters aside: still failed, no longer asking for attention."""
        return await self._decide(DISCARD, ids, tenant=tenant, by=by)

    async def _decide(
        self, statement: sa.TextClause, ids: Sequence[UUID], *, tenant: str, by: str
    ) -> set[UUID]:
        now = self._clock.now()
        async with self._database.transaction() as connection:
            decided = await connection.execute(
                statement,
                {
                    "ids": list(ids),
                    "tenant": tenant,
                    "by": by,
                    "bulk": None,
                    "why": None,
                    "now": now,
                },
            )
            rows = decided.all()
            if statement is REDRIVE:
                await reserve_in(connection, due_of(rows), now=now)
        return {row.id for row in rows}


def due_of(redriven: Iterable[Any]) -> list[Due]:
    """What the runs that `REDRIVE` began cost."""
    return [
        Due(row.id, row.run, row.tenant, row.price_credits)
        for row in redriven
        if row.price_credits is not None
    ]
