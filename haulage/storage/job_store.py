"""Writes of a job's state by those who submit, run and cancel it.

Every state change is one statement that names the states it may come from (domain/lifecycle.py),
adds its event in the same transaction, and says whether it landed. Writes of a running attempt are
fenced: they land only while the row carries the lease's fence. The dispatcher's changes are in
`dispatch_store.py`; nobody else writes a state.

All methods take many jobs at once: the engine's batchers call them with what has gathered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.clock import Clock
from haulage.domain.job import Lease, NewJob, Priority
from haulage.domain.lifecycle import State
from haulage.domain.outcome import Waiting
from haulage.storage import job_sql
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.json_text import dumps
from haulage.storage.settlement import Settlement, settle_columns, sparse


@dataclass(frozen=True, slots=True)
class CancelAnswer:
    """What a cancel found: the state before, and who holds the job if it runs."""

    job_id: UUID
    before: State
    worker_id: UUID | None


class JobStore:
    """The fenced store of jobs."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def insert(self, jobs: Sequence[NewJob]) -> None:
        """Insert all or none, with their first events. Inserting an id again changes nothing."""
        async with self._database.transaction() as connection:
            await insert_in(connection, jobs, now=self._clock.now())

    async def claim(
        self, ids: Sequence[UUID], *, worker_id: UUID, worker_pid: int, alone: bool = False
    ) -> list[Lease]:
        """Take the leases of those of `ids` that are ready; each lease's fence is new.

        What is cancelled, finished, past its deadline, or held by somebody else is not claimed; nor
        is what was rung to run `alone` in its process, unless the caller says that it does.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                job_sql.CLAIM,
                {
                    "ids": list(ids),
                    "worker_id": worker_id,
                    "worker_pid": worker_pid,
                    "alone": alone,
                    "now": now,
                },
            )
            claimed = rows.mappings().all()
        return [
            Lease(
                job_id=row["id"],
                fence=row["fence"],
                worker_id=worker_id,
                type=row["type"],
                queue=row["queue"],
                tenant=row["tenant"],
                input=row["input"],
                input_ref=row["input_ref"],
                attempt=row["attempt"],
                max_attempts=row["max_attempts"],
                run=row["run"],
                timeout_s=row["timeout_s"],
                due_at=row["scheduled_at"],
                claimed_at=now,
                deadline=row["deadline"],
                request_id=row["request_id"],
                traceparent=row["traceparent"],
                parent_id=row["parent_id"],
                priority=Priority(row["priority"]),
            )
            for row in claimed
        ]

    async def input_of(self, lease: Lease) -> str:
        """The job's input as JSON text; raises `NotFound` or `Unavailable`.

        Not part of the claim: one blob that is gone must not cost the others of a batch their
        leases.
        """
        return await self._blobs.fetch(lease.input, lease.input_ref)

    async def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        """End attempts; for each whether it landed. False: the lease was lost.

        Doing it again after a lost answer is harmless: what has landed says so again. Another
        outcome for a lease that has been settled is refused. A retry or a snooze of a job whose
        cancel was asked for lands as cancelled.
        """
        now = self._clock.now()
        # Two settlements of one lease in one batch: the first is tried, the other is compared.
        firsts: dict[tuple[UUID, int], Settlement] = {}
        for one in settlements:
            firsts.setdefault((one.job_id, one.fence), one)
        async with self._database.transaction() as connection:
            columns = settle_columns(list(firsts.values()), now)
            rows = await connection.execute(job_sql.SETTLE, {**columns, "now": now})
            fresh = {(row.id, row.fence) for row in rows}
            landed = [
                key in fresh and firsts[key] is one
                for one in settlements
                for key in [(one.job_id, one.fence)]
            ]
            doubtful = [place for place, it_landed in enumerate(landed) if not it_landed]
            if doubtful:
                said = settle_columns([settlements[place] for place in doubtful], now)
                for row in await connection.execute(job_sql.SETTLED_BEFORE, said):
                    landed[doubtful[row.place - 1]] = True
            await _wake_parents(connection, settlements, now)
        return landed

    async def cancel(
        self, ids: Sequence[UUID], *, tenant: str | None, by: str
    ) -> dict[UUID, CancelAnswer]:
        """Cancel what has not started; ask for the end of what runs. Unknown ids are left out.

        A running job stays `running` until its worker has stopped it; terminal jobs stay as they
        are. Cancelling twice changes nothing. `tenant` None is for the engine's own use.
        """
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                job_sql.CANCEL,
                {"ids": list(ids), "tenant": tenant, "by": by, "now": self._clock.now()},
            )
            return {row.id: CancelAnswer(row.id, State(row.before), row.worker_id) for row in rows}


async def insert_in(
    connection: AsyncConnection,
    jobs: Sequence[NewJob],
    *,
    now: datetime,
) -> None:
    """Insert inside the caller's transaction."""
    created = [job.created_at or now for job in jobs]
    due = [job.run_at is None or job.run_at <= at for job, at in zip(jobs, created, strict=True)]
    await connection.execute(
        job_sql.INSERT,
        {
            "ids": [job.id for job in jobs],
            "tenants": [job.tenant for job in jobs],
            "types": [job.type for job in jobs],
            "states": [(State.QUEUED if is_due else State.SCHEDULED).value for is_due in due],
            "reasons": sparse(None if is_due else "run_at" for is_due in due),
            "queues": [job.queue for job in jobs],
            "priorities": [int(job.priority) for job in jobs],
            "tags": sparse(dumps(list(job.tags)) if job.tags else None for job in jobs),
            "inputs": sparse(None if job.input_ref else job.input for job in jobs),
            "input_refs": sparse(job.input_ref for job in jobs),
            "max_attempts": [job.max_attempts for job in jobs],
            "max_crashes": [job.max_crashes for job in jobs],
            "timeouts": [float(job.timeout_s) for job in jobs],
            "rung": sparse(
                now if job.rings and is_due else None for job, is_due in zip(jobs, due, strict=True)
            ),
            "created": created,
            "due": [
                at if is_due else job.run_at
                for job, at, is_due in zip(jobs, created, due, strict=True)
            ],
            "deadlines": sparse(job.deadline for job in jobs),
            "request_ids": sparse(job.request_id for job in jobs),
            "traceparents": sparse(job.traceparent for job in jobs),
            "parents": sparse(job.parent_id for job in jobs),
        },
    )


async def _wake_parents(
    connection: AsyncConnection, settlements: Sequence[Settlement], now: datetime
) -> None:
    """Queue parents that wait for nothing any more, after their children's settlement.

    The parents' rows are locked first: of two last children that settle at once, the second sees
    the first one's end. A parent whose children were done before it waits is found here too.
    """
    parents = {one.parent_id for one in settlements if one.parent_id is not None}
    parents |= {one.job_id for one in settlements if isinstance(one.outcome, Waiting)}
    if parents:
        await connection.execute(job_sql.LOCK, {"ids": list(parents)})
        await connection.execute(job_sql.WAKE_PARENTS, {"ids": list(parents), "now": now})
