"""Schedules: jobs that come again by a cron expression, in a time zone.

Promise: a run's jobs are inserted and the schedule's next moment is moved in one transaction, under
the row's lock. A crash between the two does neither, and two leaders at once fire once.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.clock import Clock
from haulage.domain.credit_errors import NotEnoughCredits
from haulage.domain.job import NewJob, Priority
from haulage.storage.database import Database
from haulage.storage.job_inserts import insert_in
from haulage.storage.json_text import loads, storable
from haulage.storage.sealing import Sealer
from haulage.storage.tables import schedules


class Missed(StrEnum):
    """What becomes of runs whose moment passed while no dispatcher led."""

    SKIP = "skip"
    RUN_ONCE = "run_once"
    RUN_ALL = "run_all"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule's row. `input` is JSON text; `next_run_at` None: it has no further moment."""

    id: UUID
    tenant: str
    name: str
    type: str
    input: str
    queue: str
    priority: Priority
    tags: tuple[str, ...]
    cron: str
    timezone: str
    missed: Missed
    next_run_at: datetime | None
    created_at: datetime
    created_by: str | None = None
    paused_at: datetime | None = None
    paused_by: str | None = None
    last_run_at: datetime | None = None
    last_job_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Firing:
    """What a due schedule comes to: the jobs to insert, maybe none, and when it is due again."""

    jobs: Sequence[NewJob]
    next_run_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fired:
    """A schedule that was due and what became of it. `unpaid`: its jobs were dropped, for the
    tenant's credits do not suffice."""

    schedule: Schedule
    jobs: Sequence[NewJob]
    unpaid: NotEnoughCredits | None = None


_COLUMNS = [*(one for one in schedules.c if one.name != "input")]
_SELECT = sa.select(*_COLUMNS, sa.cast(schedules.c.input, sa.Text).label("input"))


class ScheduleStore:
    """Keeps schedules and fires them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, schedule: Schedule) -> bool:
        """Keep a new one; False when the tenant has one of that name."""
        values = {name: getattr(schedule, name) for name in schedules.c.keys()}  # noqa: SIM118
        values |= {
            "input": loads(self._database.sealer.seal(schedule.input)),
            "priority": int(schedule.priority),
            "tags": list(schedule.tags),
            "missed": schedule.missed.value,
        }
        async with self._database.transaction() as connection:
            added = await connection.execute(
                insert(schedules)
                .values(**values)
                .on_conflict_do_nothing(constraint="uq_schedules_tenant_name")
                .returning(schedules.c.id)
            )
            return added.one_or_none() is not None

    async def get(self, schedule_id: UUID, *, tenant: str) -> Schedule | None:
        """The schedule, or None."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _SELECT.where(schedules.c.id == schedule_id, schedules.c.tenant == tenant)
            )
            row = rows.mappings().one_or_none()
        return None if row is None else _schedule(row, self._database.sealer)

    async def of_tenant(self, tenant: str) -> list[Schedule]:
        """A tenant's schedules, by name."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _SELECT.where(schedules.c.tenant == tenant).order_by(schedules.c.name)
            )
            return [_schedule(row, self._database.sealer) for row in rows.mappings()]

    async def pause(self, schedule_id: UUID, *, tenant: str, by: str) -> bool:
        """Fire it no more until it is resumed; False: no such schedule, or paused already."""
        return await self._change(
            schedule_id,
            tenant,
            schedules.c.paused_at.is_(None),
            paused_at=self._clock.now(),
            paused_by=storable(by),
        )

    async def resume(self, schedule_id: UUID, *, tenant: str, next_run_at: datetime | None) -> bool:
        """Go on at `next_run_at`: what a pause held back is not missed, it was not wanted."""
        return await self._change(
            schedule_id,
            tenant,
            schedules.c.paused_at.is_not(None),
            paused_at=None,
            paused_by=None,
            next_run_at=next_run_at,
        )

    async def remove(self, schedule_id: UUID, *, tenant: str) -> bool:
        """Delete it; the jobs it made stay. False: no such schedule."""
        async with self._database.transaction() as connection:
            gone = await connection.execute(
                schedules.delete().where(
                    schedules.c.id == schedule_id, schedules.c.tenant == tenant
                )
            )
            return gone.rowcount > 0

    async def fire_next(
        self,
        plan: Callable[[Schedule, datetime], Awaitable[Firing]],
        *,
        but_not: Sequence[UUID] = (),
    ) -> Fired | None:
        """Fire the schedule that is due longest, as `plan` says; None when none is due.

        What `plan` raises leaves the schedule as it was, named by `ScheduleFault`.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                _SELECT.where(
                    schedules.c.paused_at.is_(None),
                    schedules.c.next_run_at <= now,
                    schedules.c.id.not_in(but_not),
                )
                .order_by(schedules.c.next_run_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            row = rows.mappings().one_or_none()
            if row is None:
                return None
            try:
                schedule = _schedule(row, self._database.sealer)
                firing = await plan(schedule, now)
                changes: dict[str, object] = {"next_run_at": firing.next_run_at}
                unpaid = await _inserted(connection, firing, now=now, sealer=self._database.sealer)
                if firing.jobs and unpaid is None:
                    changes |= {"last_run_at": now, "last_job_id": firing.jobs[-1].id}
                await connection.execute(
                    schedules.update().where(schedules.c.id == schedule.id).values(**changes)
                )
            except Exception as error:
                raise ScheduleFault(row["id"]) from error
        return Fired(schedule, firing.jobs if unpaid is None else (), unpaid)

    async def _change(
        self, schedule_id: UUID, tenant: str, condition: sa.ColumnElement[bool], **values: object
    ) -> bool:
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                schedules.update()
                .where(schedules.c.id == schedule_id, schedules.c.tenant == tenant, condition)
                .values(**values)
            )
            return changed.rowcount > 0


class ScheduleFault(Exception):
    """A schedule that is due can't be fired; the cause says why."""

    def __init__(self, schedule_id: UUID) -> None:
        super().__init__(f"Schedule {schedule_id} can't be fired.")
        self.schedule_id = schedule_id


async def _inserted(
    connection: AsyncConnection, firing: Firing, *, now: datetime, sealer: Sealer
) -> NotEnoughCredits | None:
    """Insert what is fired; where the tenant's credits do not suffice nothing, and why."""
    if not firing.jobs:
        return None
    try:
        async with connection.begin_nested():
            await insert_in(connection, firing.jobs, now=now, sealer=sealer)
    except NotEnoughCredits as error:
        return error
    return None


def _schedule(row: sa.RowMapping, sealer: Sealer) -> Schedule:
    return Schedule(
        **{
            **row,
            "input": sealer.open(row["input"]),
            "priority": Priority(row["priority"]),
            "tags": tuple(row["tags"]),
            "missed": Missed(row["missed"]),
        }
    )
