"""Reads of jobs: one, many, and pages of them. Nothing here writes."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.job import Job, Priority, Progress, Usage
from haulage.domain.lifecycle import State
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.job_filter import JobFilter
from haulage.storage.job_lists import page_of
from haulage.storage.lanes import Position
from haulage.storage.sealing import Sealer, opened_value
from haulage.storage.tables import jobs

_SHOWN = [
    column
    for column in jobs.c
    if column.name
    not in ("input", "result", "input_ref", "worker_pid", "rung_at", "error_text", "webhook_id")
]
_RESULT = sa.cast(jobs.c.result, sa.Text).label("result")
_INPUT = sa.cast(jobs.c.input, sa.Text).label("input")

# Built once: to build a statement and to find it again takes SQLAlchemy longer than to send it.
_ITS = sa.and_(jobs.c.id == sa.bindparam("job_id"), jobs.c.tenant == sa.bindparam("tenant"))
_ONE = sa.select(*_SHOWN, _RESULT, jobs.c.input_ref).where(_ITS)
_EACH = sa.select(*_SHOWN, _RESULT).where(
    jobs.c.id == sa.any_(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)))
)
_WITH_INPUT = _ONE.add_columns(_INPUT)

# In two halves, one for each of the partial indexes of what is queued.
_DEPTH = sa.text("""
SELECT count(*) FROM (
    SELECT 1 FROM jobs
    WHERE state = 'queued' AND rung_at IS NULL AND queue = :queue AND parent_id IS NULL
    UNION ALL
    SELECT 1 FROM jobs
    WHERE state = 'queued' AND rung_at IS NOT NULL AND queue = :queue AND parent_id IS NULL
    LIMIT :up_to
) AS waiting
""")


class JobReads:
    """Jobs as readers see them, for one tenant at a time."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    async def get(self, job_id: UUID, *, tenant: str, with_input: bool = False) -> Job | None:
        """The job with its result where it is small, or None."""
        statement = _WITH_INPUT if with_input else _ONE
        async with self._database.reading() as connection:
            rows = await connection.execute(statement, {"job_id": job_id, "tenant": tenant})
            row = rows.mappings().one_or_none()
        if row is None:
            return None
        given = await self._blobs.fetch(row["input"], row["input_ref"]) if with_input else None
        return _job(row, self._database.sealer, input_text=given)

    async def each(self, asked: Sequence[tuple[UUID, str]]) -> list[Job | None]:
        """The jobs of these ids and tenants, in their order; None for what a tenant has not got."""
        ids = {job_id for job_id, _ in asked}
        async with self._database.reading() as connection:
            rows = await connection.execute(_EACH, {"ids": list(ids)})
            found = {(row["id"], row["tenant"]): row for row in rows.mappings()}
        return [_job(found[one], self._database.sealer) if one in found else None for one in asked]

    async def many(self, ids: Sequence[UUID], *, tenant: str) -> list[Job]:
        """Those of `ids` that exist, in the order of `ids`."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                sa.select(*_SHOWN, _RESULT).where(jobs.c.id.in_(ids), jobs.c.tenant == tenant)
            )
            found = {row["id"]: _job(row, self._database.sealer) for row in rows.mappings()}
        return [found[job_id] for job_id in ids if job_id in found]

    async def inputs(self, ids: Sequence[UUID], *, tenant: str) -> dict[UUID, str]:
        """The inputs, as JSON text, of those of `ids` that exist."""
        query = sa.select(jobs.c.id, _INPUT, jobs.c.input_ref)
        async with self._database.reading() as connection:
            rows = await connection.execute(
                query.where(jobs.c.id.in_(ids), jobs.c.tenant == tenant)
            )
            return {row.id: await self._blobs.fetch(row.input, row.input_ref) for row in rows}

    async def page(
        self,
        wanted: JobFilter,
        *,
        tenant: str,
        before: Position | None = None,
        limit: int = 50,
    ) -> list[Job]:
        """Up to `limit` jobs past `before`, newest first by `wanted.order`; without results."""
        async with self._database.reading() as connection:
            rows = await page_of(
                connection, _SHOWN, wanted, tenant=tenant, before=before, limit=limit
            )
            return [_job(row, self._database.sealer) for row in rows]

    async def result(self, job_id: UUID, *, tenant: str) -> tuple[State, str | None] | None:
        """The state and, once succeeded, the whole result as JSON text; None: no such job."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                sa.select(jobs.c.state, _RESULT, jobs.c.result_ref).where(
                    jobs.c.id == job_id, jobs.c.tenant == tenant
                )
            )
            row = rows.one_or_none()
        if row is None:
            return None
        if row.state != State.SUCCEEDED:
            return State(row.state), None
        return State.SUCCEEDED, await self._blobs.fetch(row.result, row.result_ref)

    async def depth(self, queue: str, *, up_to: int) -> int:
        """How many jobs of all tenants wait in `queue`, children left out, counted to `up_to`."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_DEPTH, {"queue": queue, "up_to": up_to})
            return int(rows.scalar_one())


def _job(row: sa.RowMapping, sealer: Sealer, *, input_text: str | None = None) -> Job:
    result = row.get("result")
    return Job(
        id=row["id"],
        tenant=row["tenant"],
        type=row["type"],
        state=State(row["state"]),
        reason=row["reason"],
        queue=row["queue"],
        priority=Priority(row["priority"]),
        tags=tuple(row["tags"]),
        run=row["run"],
        attempt=row["attempt"],
        max_attempts=row["max_attempts"],
        timeout_s=row["timeout_s"],
        created_at=row["created_at"],
        scheduled_at=row["scheduled_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        cancelled_by=row["cancelled_by"],
        cancelled_at=row["cancelled_at"],
        deadline=row["deadline"],
        progress=Progress(**(opened_value(row["progress"], sealer) or {})),
        usage=Usage(**(row["usage"] or {})),
        error=opened_value(row["error"], sealer),
        input=input_text,
        result=result and sealer.open(result),
        result_size=row["result_size"],
        request_id=row["request_id"],
        traceparent=row["traceparent"],
        crashes=row["crashes"],
        event_seq=row["event_seq"],
        parent_id=row["parent_id"],
        discarded_at=row["discarded_at"],
        fingerprint=row["fingerprint"],
        price_credits=row["price_credits"],
        cost_credits=row["cost_credits"],
    )
