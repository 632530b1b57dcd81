"""Writes of a job's state by those who submit, run and cancel it.

Every state change is one statement that names the states it may come from (domain/lifecycle.py),
adds its event in the same transaction, and says whether it landed. Writes of a running attempt are
fenced: they land only while the row carries the lease's fence. The dispatcher's changes are in
`dispatch_store.py`; nobody else writes a state.

All methods take many jobs at once: the engine's batchers call them with what has gathered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.caps import Caps, uncapped
from haulage.domain.clock import Clock
from haulage.domain.job import NOBODY, NOTHING_USED, JobCaller, Lease, NewJob, Priority, Usage
from haulage.domain.lifecycle import State
from haulage.domain.outcome import Waiting
from haulage.storage import job_sql
from haulage.storage.array_text import ids_text
from haulage.storage.blobs import Blobs
from haulage.storage.capped_claims import tell_of_room, within_caps
from haulage.storage.credit_ledger import Ended, settle_in
from haulage.storage.database import Database
from haulage.storage.job_inserts import are_plain, insert_in
from haulage.storage.settlement import Settlement, settle_columns


@dataclass(frozen=True, slots=True)
class CancelAnswer:
    """What a cancel found: the state before, and who holds the job if it runs."""

    job_id: UUID
    before: State
    worker_id: UUID | None


class JobStore:
    """The fenced store of jobs."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: Clock,
        caps: Callable[[], Caps] = uncapped,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._caps = caps

    async def insert(self, jobs: Sequence[NewJob]) -> None:
        """Insert all or none, with their first events. Inserting an id again changes nothing.

        Raises `NotEnoughCredits`.
        """
        alone = self._database.statement if are_plain(jobs) else self._database.transaction
        async with alone() as connection:
            now = self._clock.now()
            await insert_in(connection, jobs, now=now, sealer=self._database.sealer)

    async def claim(
        self, ids: Sequence[UUID], *, worker_id: UUID, worker_pid: int, alone: bool = False
    ) -> list[Lease]:
        """Take the leases of those of `ids` that are ready; each lease's fence is new.

        What is cancelled, finished, past its deadline, over its tenant's cap, or held by somebody
        else is not claimed; nor is what was rung to run `alone` in its process, unless the caller
        says that it does.
        """
        now = self._clock.now()
        caps = self._caps()
        opened = self._database.transaction if caps else self._database.statement
        async with opened() as connection:
            if caps:
                ids = await within_caps(connection, ids, caps)
            rows = await connection.execute(
                job_sql.CLAIM,
                {
                    "ids": ids_text(ids),
                    "worker_id": worker_id,
                    "worker_pid": worker_pid,
                    "alone": alone,
                    "now": now,
                },
            )
            claimed = rows.all()
        return [_lease(row, worker_id, now) for row in claimed]

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
            columns = settle_columns(list(firsts.values()), now, self._database.sealer)
            rows = await connection.execute(job_sql.SETTLE, {**columns, "now": now})
            settled = rows.all()
            fresh = {(row.id, row.fence) for row in settled}
            landed = [
                key in fresh and firsts[key] is one
                for one in settlements
                for key in [(one.job_id, one.fence)]
            ]
            doubtful = [place for place, it_landed in enumerate(landed) if not it_landed]
            if doubtful:
                tried = [settlements[place] for place in doubtful]
                said = settle_columns(tried, now, self._database.sealer)
                for row in await connection.execute(job_sql.SETTLED_BEFORE, said):
                    landed[doubtful[row.place - 1]] = True
            await _wake_parents(connection, settlements, now)
            charged = [(row.id, row.fence) for row in settled if row.is_charged]
            ended = [Ended(key[0], firsts[key].charge_credits) for key in charged]
            await settle_in(connection, ended, now=now)
            if settled and (caps := self._caps()):
                await tell_of_room(connection, [row.id for row in settled], caps)
        return landed

    async def cancel(
        self,
        ids: Sequence[UUID],
        *,
        tenant: str | None,
        by: str,
        bulk: UUID | None = None,
        why: str | None = None,
        only_waiting: bool = False,
    ) -> dict[UUID, CancelAnswer]:
        """Cancel what has not started; ask for the end of what runs. Unknown ids are left out.

        A running job stays `running` until its worker has stopped it; terminal jobs stay as they
        are. Cancelling twice changes nothing. `tenant` None is for the engine's own use; `bulk` is
        the operation that it belongs to; `only_waiting` leaves what runs alone.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            answers = await connection.execute(
                job_sql.CANCEL,
                {
                    "ids": list(ids),
                    "tenant": tenant,
                    "by": by,
                    "bulk": bulk and str(bulk),
                    "why": why,
                    "only_waiting": only_waiting,
                    "now": now,
                },
            )
            rows = answers.all()
            ended = [Ended(row.id) for row in rows if row.is_charged]
            await settle_in(connection, ended, now=now)
        return {row.id: CancelAnswer(row.id, State(row.before), row.worker_id) for row in rows}


def _lease(row: Any, worker_id: UUID, now: datetime) -> Lease:
    """The lease in a row of `job_sql.CLAIM`. In the order of its columns: to look each up by name
    takes longer than all else here."""
    (
        job_id,
        fence,
        type_,
        queue,
        tenant,
        text,
        input_ref,
        attempt,
        max_attempts,
        run,
        timeout_s,
        due_at,
        deadline,
        request_id,
        traceparent,
        parent_id,
        priority,
        user,
        key,
        usage,
        _event_seq,
    ) = row
    return Lease(
        job_id=job_id,
        fence=fence,
        worker_id=worker_id,
        type=type_,
        queue=queue,
        tenant=tenant,
        input=text,
        input_ref=input_ref,
        attempt=attempt,
        max_attempts=max_attempts,
        run=run,
        timeout_s=timeout_s,
        due_at=due_at,
        claimed_at=now,
        deadline=deadline,
        request_id=request_id,
        traceparent=traceparent,
        parent_id=parent_id,
        priority=Priority(priority),
        usage=Usage(**usage) if usage else NOTHING_USED,
        caller=NOBODY if user is None and key is None else JobCaller(user, key),
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
