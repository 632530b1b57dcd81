"""The dispatcher's changes of state, and the worker parents' when a child died.

They move jobs nobody holds (due, past their deadline) and jobs whose holder is gone. Each statement
takes a bounded number of rows, skips what is locked, and adds its events in the same transaction.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from haulage.domain import bulk
from haulage.domain.caps import Caps, uncapped
from haulage.domain.clock import Clock
from haulage.domain.job import Priority
from haulage.domain.lifecycle import State
from haulage.domain.ports import Bell
from haulage.storage import dispatch_sql, ring_sql
from haulage.storage.capped_claims import rooms_in
from haulage.storage.credit_ledger import Ended, settle_in
from haulage.storage.database import Database

# A job counts one priority higher for each so many seconds it has waited.
AGING_S = 30.0
# So many lanes, a tenant's jobs of one priority, share a call: 50,000 tenants must not slow a tick.
LANES = 200
# How long a suspect may wait for the process of its own that it was rung for, doubled with each
# further death: a busy cpu pool delays what saw three of them by this, and what kills by minutes.
ALONE_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Rescued:
    """One job taken back: where it went, how many deaths count against it, and whether this does.

    `company` says how many jobs the dead process was running.
    """

    job_id: UUID
    type: str
    queue: str
    state: State
    crashes: int
    counted: bool
    company: int


@dataclass(frozen=True, slots=True)
class Ringing:
    """A queue's jobs that are rung and not yet claimed, and how many of it its workers end."""

    waiting: int = 0
    ended_per_s: float = 0.0


class DispatchStore:
    """What the dispatcher does to jobs."""

    def __init__(
        self, database: Database, clock: Clock, caps: Callable[[], Caps] = uncapped
    ) -> None:
        self._database = database
        self._clock = clock
        self._caps = caps
        # By queue, the tenant at which the next call goes on, where one call could not see all.
        self._after: dict[str, str] = {}

    async def promote_due(self, *, limit: int) -> int:
        """Queue up to `limit` jobs whose time has come; returns how many."""
        return await self._count(dispatch_sql.PROMOTE_DUE, {"limit": limit})

    async def expire(self, *, limit: int) -> int:
        """Fail up to `limit` jobs that passed their deadline before they ran; how many."""
        return len(await self._ended(dispatch_sql.EXPIRE, {"limit": limit}))

    async def take_unrung(
        self, queue: str, *, limit: int, aging_s: float = AGING_S, isolates: bool = True
    ) -> list[Bell]:
        """Mark up to `limit` jobs of `queue` as rung, and say which; the caller rings.

        Tenants get equal shares of what is rung and unclaimed; within a tenant it goes by priority,
        one higher for each `aging_s` of waiting, and then by time. It may take fewer than there are
        when a tenant has less than its share: ask again. Nothing of a paused queue, and of a tenant
        with a cap no more than may run beside what runs or is rung already. A crash before the ring
        loses only the ring, which `take_lost` finds again.

        `isolates`: its jobs run in company, so the most suspicious of them are rung alone, as far
        as there are places. A queue whose jobs always have a process of their own needs none.
        """
        after = self._after.pop(queue, "")
        given = {"queue": queue, "aging_s": aging_s, "isolates": isolates}
        bells = await self._take_unrung(given, limit=limit, after=after)
        if after and len(bells) < limit and queue not in self._after:
            bells += await self._take_unrung(given, limit=limit - len(bells), after="")
        return bells

    async def _take_unrung(self, given: dict[str, object], *, limit: int, after: str) -> list[Bell]:
        async with self._database.transaction() as connection:
            # Compiling the statement takes far longer than running it.
            await connection.execute(sa.text("SET LOCAL jit = off"))
            asked = {**given, "now": self._clock.now(), "limit": limit, "after": after}
            statement = ring_sql.TAKE_UNRUNG
            if (caps := self._caps()) and given["queue"] != bulk.QUEUE:
                rooms, statement = await rooms_in(connection, caps), ring_sql.TAKE_UNRUNG_CAPPED
                asked |= {"tenants": list(rooms.own), "rooms": list(rooms.own.values())}
                asked |= {"room": rooms.each, "full": rooms.full}
            found = await connection.execute(statement, {**asked, "lanes": LANES})
            rows = found.all()
        if rows and rows[0].after is not None:
            self._after[rows[0].queue] = rows[0].after
        return [_bell(row) for row in rows]

    async def take_lost(
        self, queue: str, *, older_than_s: float, limit: int, aging_s: float = AGING_S
    ) -> list[Bell]:
        """Jobs of `queue` rung `older_than_s` ago that nobody has claimed; they are rung again."""
        return await self._bells(
            ring_sql.TAKE_LOST,
            {"queue": queue, "age_s": older_than_s, "limit": limit, "aging_s": aging_s},
        )

    async def take_unattended(
        self, queue: str, *, limit: int, aging_s: float = AGING_S
    ) -> list[Bell]:
        """Suspects that were rung to run alone and that nobody has claimed in time; they are rung
        again, in company. What is lost on its way is found here, too."""
        return await self._bells(
            ring_sql.TAKE_UNATTENDED,
            {"queue": queue, "age_s": ALONE_PATIENCE_S, "limit": limit, "aging_s": aging_s},
        )

    async def rung_waiting(self) -> dict[str, Ringing]:
        """By queue; one that is left out has nothing rung, and workers that end nothing."""
        async with self._database.reading() as connection:
            rows = await connection.execute(ring_sql.RUNG_WAITING)
            return {row.queue: Ringing(row.waiting, row.ended_per_s) for row in rows}

    async def unrung(self, queues: Iterable[str]) -> set[str]:
        """Those of `queues` with jobs that wait to be rung, paused or not."""
        async with self._database.reading() as connection:
            rows = await connection.execute(ring_sql.UNRUNG_QUEUES, {"queues": list(queues)})
            return {row.name for row in rows}

    async def has_free_slot(self, queue: str) -> bool:
        """Whether, by their last heartbeats, a live worker of `queue` could take one more job."""
        async with self._database.reading() as connection:
            return bool(await connection.scalar(ring_sql.HAS_FREE_SLOT, {"queue": queue}))

    async def next_due_s(self) -> float | None:
        """Seconds until the earliest scheduled job is due; None when there is none."""
        async with self._database.reading() as connection:
            rows = await connection.execute(dispatch_sql.NEXT_DUE, {"now": self._clock.now()})
            seconds = rows.scalar_one()
        return None if seconds is None else float(seconds)

    async def end_silent_workers(self, *, lease_s: float) -> list[UUID]:
        """Declare workers dead that have not beaten for `lease_s`; their ids."""
        async with self._database.statement() as connection:
            rows = await connection.execute(
                dispatch_sql.END_SILENT_WORKERS, {"now": self._clock.now(), "lease_s": lease_s}
            )
            return [row.id for row in rows]

    async def rescue_orphans(self, *, limit: int) -> list[Rescued]:
        """Take back up to `limit` jobs whose worker has ended.

        The crash of a job that was alone counts against it, and after `max_crashes` it is
        quarantined to the dead letters; a crash in company is a suspicion (decision 011). One whose
        cancel was asked for is cancelled.
        """
        return await self._rescued(dispatch_sql.RESCUE_ORPHANS, {"limit": limit})

    async def rescue_of_child(
        self,
        worker_id: UUID,
        worker_pid: int,
        *,
        job_id: UUID | None = None,
        peak_rss_bytes: int | None = None,
        limit_mb: int | None = None,
    ) -> list[Rescued]:
        """Take back what a dead child process of a living worker was running.

        `peak_rss_bytes` is the most memory that was seen of it; it goes into the crash ledger.
        `limit_mb` is the limit of memory that it was killed for; the job's error names it.
        """
        return await self._rescued(
            dispatch_sql.RESCUE_OF_CHILD,
            {
                "worker_id": worker_id,
                "worker_pid": worker_pid,
                "job_id": job_id,
                "peak_rss_bytes": peak_rss_bytes,
                "limit_mb": limit_mb,
            },
        )

    async def give_back(self, leases: Sequence[tuple[UUID, int]]) -> int:
        """Hand leases back unused (shutdown): no attempt and no crash is charged; how many."""
        if not leases:
            return 0
        given = {"ids": [job_id for job_id, _ in leases], "fences": [fence for _, fence in leases]}
        return len(await self._ended(dispatch_sql.GIVE_BACK, given))

    async def _count(self, statement: sa.TextClause, values: dict[str, object]) -> int:
        async with self._database.statement() as connection:
            rows = await connection.execute(statement, {"now": self._clock.now(), **values})
            return int(rows.scalar_one())

    async def _ended(self, statement: sa.TextClause, values: dict[str, object]) -> Sequence[Any]:
        """The rows of a statement that may end jobs; those that are charged are settled."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            rows = (await connection.execute(statement, {"now": now, **values})).all()
            ended = [Ended(row.id) for row in rows if row.is_charged]
            await settle_in(connection, ended, now=now)
        return rows

    async def _bells(self, statement: sa.TextClause, values: dict[str, object]) -> list[Bell]:
        async with self._database.statement() as connection:
            rows = await connection.execute(statement, {"now": self._clock.now(), **values})
            return [_bell(row) for row in rows]

    async def _rescued(self, statement: sa.TextClause, values: dict[str, object]) -> list[Rescued]:
        return [
            Rescued(
                row.id,
                row.type,
                row.queue,
                State(row.state),
                row.crashes,
                counted=row.crash == 1,
                company=row.company,
            )
            for row in await self._ended(statement, values)
        ]


def _bell(row: Any) -> Bell:
    return Bell(
        row.id,
        row.queue,
        Priority(row.priority),
        row.rings,
        row.retry,
        row.alone,
        row.traceparent,
    )
