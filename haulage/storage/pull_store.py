"""Pulled tasks: each becomes a job once, and each is owed one report until somebody has taken it.

Promises: a task's row and its job are inserted in one transaction, so that neither is there without
the other, whoever dies; the row is the key, so that two who pull the same task make one job. At
most `concurrency` jobs of a source are unfinished, however many pull. What is to be reported is
found by looking at the jobs of the rows that are open: settling a job costs nothing for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.clock import Clock
from haulage.domain.job import NewJob
from haulage.domain.lifecycle import State
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.job_inserts import insert_in
from haulage.storage.json_text import loads, storable
from haulage.storage.sealing import Sealer, opened_value
from haulage.storage.tables import jobs, pulled_tasks

REPORTED, REFUSED, SUPERSEDED = "reported", "refused", "superseded"
MAX_ERROR_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Pulled:
    """A task as it was listed: `task_id` is its id over there, `key` a digest of that and of its
    version, `kind` which sort of task it is."""

    key: str
    task_id: str
    kind: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Owed:
    """A report to be made. `result` is JSON text, None unless the job has succeeded; `state` is
    None where there is no job, or no longer."""

    task: Pulled
    tries: int
    pulled_at: datetime
    job_id: UUID | None
    state: State | None
    fault: str | None
    error: dict[str, Any] | None
    result: str | None
    result_ref: str | None


_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('pull:' || :source, 0))")
_OPEN = pulled_tasks.c.closed_at.is_(None)
_UNFINISHED = (
    sa.select(pulled_tasks.c.task_id)
    .join(jobs, jobs.c.id == pulled_tasks.c.job_id)
    .where(_OPEN, jobs.c.finished_at.is_(None))
)
_DUE = (
    sa.select(
        pulled_tasks,
        jobs.c.state,
        jobs.c.error,
        sa.cast(jobs.c.result, sa.Text).label("result"),
        jobs.c.result_ref,
    )
    .outerjoin(jobs, jobs.c.id == pulled_tasks.c.job_id)
    .where(_OPEN, sa.or_(jobs.c.id.is_(None), jobs.c.finished_at.is_not(None)))
    .order_by(pulled_tasks.c.report_at)
)


class PullStore:
    """The pulled tasks of an installation, each source's apart."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def known(self, source: str, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that came before."""
        async with self._database.reading() as connection:
            return await _known(connection, source, keys)

    async def unfinished(self, source: str) -> int:
        """How many jobs of this source are not over."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_UNFINISHED.where(pulled_tasks.c.source == source))
            return len(rows.all())

    async def admit(
        self, source: str, tasks: Sequence[tuple[Pulled, NewJob]], *, concurrency: int
    ) -> set[UUID]:
        """Insert jobs for those that are new, as far as there is room; the ids of these jobs.

        A task of which an older version still runs has to wait; one whose older version has not
        been reported takes its place. Doing it again is harmless.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK, {"source": source})
            known = await _known(connection, source, [task.key for task, _ in tasks])
            rows = await connection.execute(_UNFINISHED.where(pulled_tasks.c.source == source))
            running = [row.task_id for row in rows]
            taken: dict[str, tuple[Pulled, NewJob]] = {}
            for task, job in tasks:
                if len(running) + len(taken) >= concurrency:
                    break
                if task.key not in known and task.task_id not in (*running, *taken):
                    taken[task.task_id] = (task, job)
            if not taken:
                return set()
            await connection.execute(
                pulled_tasks.update()
                .where(
                    _OPEN,
                    pulled_tasks.c.source == source,
                    pulled_tasks.c.task_id.in_(list(taken)),
                )
                .values(closed_at=now, outcome=SUPERSEDED)
            )
            await insert_in(
                connection,
                [job for _, job in taken.values()],
                now=now,
                sealer=self._database.sealer,
            )
            await connection.execute(
                pulled_tasks.insert(),
                [_row(source, task, now) | {"job_id": job.id} for task, job in taken.values()],
            )
        return {job.id for _, job in taken.values()}

    async def refuse(self, source: str, task: Pulled, why: str) -> bool:
        """Owe the report that `task` can't become a job; False: it came before."""
        row = _row(source, task, self._clock.now()) | {"fault": storable(why)}
        async with self._database.transaction() as connection:
            added = await connection.execute(
                insert(pulled_tasks)
                .values(row)
                .on_conflict_do_nothing()
                .returning(pulled_tasks.c.key)
            )
            return added.one_or_none() is not None

    async def due(self, source: str, *, but_not: Sequence[str] = (), limit: int) -> list[Owed]:
        """Reports that can be made now, those first that have waited longest."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _DUE.where(
                    pulled_tasks.c.source == source,
                    pulled_tasks.c.report_at <= self._clock.now(),
                    pulled_tasks.c.key.not_in(but_not),
                ).limit(limit)
            )
            return [_owed(row, self._database.sealer) for row in rows.mappings()]

    async def result_of(self, owed: Owed) -> Any:
        """The job's result. Raises `NotFound` when it is gone, `Unavailable`."""
        return loads(await self._blobs.fetch(owed.result, owed.result_ref))

    async def close(
        self, source: str, key: str, *, outcome: str, tries: int, error: str | None = None
    ) -> bool:
        """The report was taken, or never will be; False: somebody else has closed it."""
        return await self._change(
            source, key, outcome=outcome, closed_at=self._clock.now(), tries=tries, last_error=error
        )

    async def put_off(
        self, source: str, key: str, *, until: datetime, tries: int, error: str
    ) -> bool:
        """Not before `until`; False: it is closed."""
        return await self._change(source, key, report_at=until, tries=tries, last_error=error)

    async def _change(self, source: str, key: str, **values: Any) -> bool:
        if values.get("last_error") is not None:
            values["last_error"] = storable(values["last_error"])[:MAX_ERROR_LENGTH]
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                pulled_tasks.update()
                .where(_OPEN, pulled_tasks.c.source == source, pulled_tasks.c.key == key)
                .values(**values)
            )
            return changed.rowcount > 0


async def _known(connection: AsyncConnection, source: str, keys: Sequence[str]) -> set[str]:
    rows = await connection.execute(
        sa.select(pulled_tasks.c.key).where(
            pulled_tasks.c.source == source, pulled_tasks.c.key.in_(keys)
        )
    )
    return {row.key for row in rows}


def _row(source: str, task: Pulled, now: datetime) -> dict[str, Any]:
    return {
        "source": source,
        "key": task.key,
        "task_id": task.task_id,
        "kind": task.kind,
        "tags": task.tags,
        "pulled_at": now,
        "report_at": now,
    }


def _owed(row: sa.RowMapping, sealer: Sealer) -> Owed:
    return Owed(
        task=Pulled(row["key"], row["task_id"], row["kind"], row["tags"]),
        tries=row["tries"],
        pulled_at=row["pulled_at"],
        job_id=row["job_id"],
        state=None if row["state"] is None else State(row["state"]),
        fault=row["fault"],
        error=opened_value(row["error"], sealer),
        result=row["result"],
        result_ref=row["result_ref"],
    )
