"""Workers: who is alive, and what each of them must stop.

A worker incarnation has one id and one row. Its heartbeat is one statement a second; the answer
says whether the incarnation still counts, and which of its jobs must end. An ended incarnation is
never alive again: its leases may already be somebody else's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.storage.database import Database
from haulage.storage.json_text import dumps, storable
from haulage.storage.revisions import newest
from haulage.storage.tables import workers


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker says of itself when it starts."""

    id: UUID
    name: str
    host: str
    pid: int
    pool: str
    queues: Sequence[str]
    slots: int
    version: str


@dataclass(frozen=True, slots=True)
class StopOrder:
    """A running job that must end: `cancel` was asked for, or its `deadline` has passed."""

    job_id: UUID
    fence: int
    type: str
    attempt: int
    max_attempts: int
    worker_pid: int
    cause: str
    since: datetime


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A running job by the table: its lease and the process that took it."""

    job_id: UUID
    fence: int
    worker_pid: int


@dataclass(frozen=True, slots=True)
class Beat:
    """The answer to a heartbeat. `alive` False: this incarnation has been declared dead.

    `drained_by`: who wants it to leave, if somebody does.
    """

    alive: bool
    drained_by: str | None
    now: datetime
    orders: Sequence[StopOrder]


_BEAT = sa.text("""
WITH beat AS (
    UPDATE workers SET in_flight = :in_flight, backlog = :backlog,
        paces = CAST(:paces AS json), rss_bytes = :rss_bytes, clock_ahead_s = :clock_ahead_s,
        blocked_by = NULL,
        heartbeat_at = greatest(
            heartbeat_at, CAST(:now AS timestamptz) - make_interval(secs => :still_s))
    WHERE id = :id AND ended_at IS NULL
    RETURNING drain_by
)
SELECT (SELECT count(*) FROM beat) AS alive, (SELECT drain_by FROM beat) AS drained_by,
       clock_timestamp() AS now
""")

# The time limit of an attempt is the worker's own affair; this is the backstop for handlers that
# their process cannot interrupt.
_ORDERS = sa.text("""
SELECT id AS job_id, fence, type, attempt, max_attempts, worker_pid,
       CASE WHEN cancel_requested_at IS NOT NULL THEN 'cancel' ELSE 'deadline' END AS cause,
       coalesce(cancel_requested_at, claimed_at + make_interval(secs => timeout_s)) AS since
FROM jobs
WHERE worker_id = :id AND state = 'running'
  AND (cancel_requested_at IS NOT NULL
       OR claimed_at + make_interval(secs => timeout_s) < CAST(:now AS timestamptz))
""")


_HELD = sa.text("""
SELECT id, fence, worker_pid FROM jobs
WHERE worker_id = :id AND state = 'running'
  AND claimed_at < CAST(:now AS timestamptz) - make_interval(secs => :for_s)
""")


class WorkerStore:
    """Workers and their heartbeats."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def register(self, info: WorkerInfo) -> None:
        """A new incarnation; it counts as alive from now on."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await connection.execute(
                workers.insert().values(
                    id=info.id,
                    name=info.name,
                    host=info.host,
                    pid=info.pid,
                    pool=info.pool,
                    queues=list(info.queues),
                    slots=info.slots,
                    version=info.version,
                    revision=newest(),
                    started_at=now,
                    heartbeat_at=now,
                )
            )

    async def beat(
        self,
        worker_id: UUID,
        *,
        in_flight: int,
        backlog: int = 0,
        paces: Mapping[str, float] | None = None,
        rss_bytes: int | None = None,
        clock_ahead_s: float | None = None,
        still_s: float = 0.0,
    ) -> Beat:
        """Say that the worker lived `still_s` ago; what it must stop comes back.

        `backlog`: ids it was rung for and has not claimed yet, because its slots are full.
        `paces`: by queue, how many jobs ended there a second since the last beat.
        `clock_ahead_s`: its machine's clock less the shared one, when last compared.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            row = (
                await connection.execute(
                    _BEAT,
                    {
                        "id": worker_id,
                        "now": now,
                        "in_flight": in_flight,
                        "backlog": backlog,
                        "paces": dumps(paces) if paces else None,
                        "rss_bytes": rss_bytes,
                        "clock_ahead_s": clock_ahead_s,
                        "still_s": still_s,
                    },
                )
            ).one()
            orders = await connection.execute(_ORDERS, {"id": worker_id, "now": now})
            return Beat(
                alive=bool(row.alive),
                drained_by=row.drained_by,
                now=row.now,
                orders=[StopOrder(**one) for one in orders.mappings()],
            )

    async def blame(self, worker_id: UUID, job_id: UUID) -> None:
        """Say which job holds the worker's loop; the next beat takes it back."""
        async with self._database.transaction() as connection:
            await connection.execute(
                workers.update()
                .where(workers.c.id == worker_id, workers.c.ended_at.is_(None))
                .values(blocked_by=job_id)
            )

    async def held(self, worker_id: UUID, *, for_s: float) -> list[HeldLease]:
        """What the table says this incarnation has been running for at least `for_s`."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _HELD, {"id": worker_id, "now": self._clock.now(), "for_s": for_s}
            )
            return [HeldLease(row.id, row.fence, row.worker_pid) for row in rows]

    async def retire(self, worker_id: UUID, *, reason: str = "stopped") -> None:
        """A clean end. Jobs it still holds are rescued at once."""
        async with self._database.transaction() as connection:
            await connection.execute(
                workers.update()
                .where(workers.c.id == worker_id, workers.c.ended_at.is_(None))
                .values(ended_at=self._clock.now(), end_reason=reason)
            )

    async def drain(self, worker_id: UUID, *, by: str) -> None:
        """Let it take no more jobs, and tell it at its next beat to leave. The first one's name
        stays; one that has ended stays as it is."""
        async with self._database.transaction() as connection:
            await connection.execute(
                workers.update()
                .where(workers.c.id == worker_id, workers.c.ended_at.is_(None))
                .where(workers.c.drain_at.is_(None))
                .values(drain_at=self._clock.now(), drain_by=storable(by))
            )

    async def get(self, worker_id: UUID) -> sa.RowMapping | None:
        """The row of a worker, also of one that has ended and is not forgotten yet."""
        async with self._database.reading() as connection:
            rows = await connection.execute(sa.select(workers).where(workers.c.id == worker_id))
            return rows.mappings().one_or_none()

    async def alive(self) -> list[sa.RowMapping]:
        """The rows of the workers that have not ended, oldest first."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                sa.select(workers)
                .where(workers.c.ended_at.is_(None))
                .order_by(workers.c.started_at)
            )
            return list(rows.mappings())

    async def prune(self, *, older_than: datetime) -> int:
        """Forget incarnations that ended before `older_than`; how many."""
        async with self._database.transaction() as connection:
            gone = await connection.execute(workers.delete().where(workers.c.ended_at < older_than))
            return gone.rowcount
