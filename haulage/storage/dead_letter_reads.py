"""Dead letters by what they died of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from haulage.storage.database import Database
from haulage.storage.job_filter import JobFilter, conditions
from haulage.storage.sealing import opened_value
from haulage.storage.tables import jobs

Place = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Failures of one cause. `sample` is its newest job, `error` that job's."""

    fingerprint: str
    type: str
    count: int
    first_at: datetime
    last_at: datetime
    sample: UUID
    error: dict[str, Any]


class DeadLetterReads:
    """Dead letters as readers see them, for one tenant at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def groups(
        self, wanted: JobFilter, *, tenant: str, before: Place | None = None, limit: int = 50
    ) -> list[Group]:
        """Up to `limit` groups of the failed jobs that `wanted` means.

        The group that failed last comes first. `before` is the `last_at` and the fingerprint of the
        group before the page; one that fails anew between two pages goes to the front.
        """
        meant = conditions(wanted, tenant=tenant)
        last_at = sa.func.max(jobs.c.finished_at)
        place = sa.tuple_(last_at, jobs.c.fingerprint)
        grouped = (
            sa.select(
                jobs.c.fingerprint,
                sa.func.count().label("count_"),
                sa.func.min(jobs.c.finished_at).label("first_at"),
                last_at.label("last_at"),
            )
            .where(*meant, jobs.c.fingerprint.is_not(None))
            .group_by(jobs.c.fingerprint)
            .order_by(last_at.desc(), jobs.c.fingerprint.desc())
            .limit(limit)
        )
        if before is not None:
            grouped = grouped.having(place < sa.tuple_(*before))
        page = grouped.subquery("page")
        sample = (
            sa.select(jobs.c.id, jobs.c.type, jobs.c.error)
            .where(*meant, jobs.c.fingerprint == page.c.fingerprint)
            .order_by(jobs.c.finished_at.desc())
            .limit(1)
            .lateral("sample")
        )
        query = (
            sa.select(page, sample.c.id, sample.c.type, sample.c.error)
            .join_from(page, sample, sa.true())
            .order_by(page.c.last_at.desc(), page.c.fingerprint.desc())
        )
        async with self._database.reading() as connection:
            return [
                Group(
                    fingerprint=row.fingerprint,
                    type=row.type,
                    count=row.count_,
                    first_at=row.first_at,
                    last_at=row.last_at,
                    sample=row.id,
                    error=opened_value(row.error, self._database.sealer),
                )
                for row in await connection.execute(query)
            ]
