"""Finished steps as readers see them. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from haulage.storage.database import Database

# Values up to this come along.
SMALL_BYTES = 4_096

_PAGE = sa.text("""
SELECT name, key, fence, duration_s, finished_at, size,
       CASE WHEN size <= :small THEN CAST(value AS text) END AS value
FROM steps
WHERE job_id = :job_id
  AND (CAST(:at AS timestamptz) IS NULL
       OR (finished_at, key) > (CAST(:at AS timestamptz), CAST(:key AS text)))
ORDER BY finished_at, key LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class StepRow:
    """A finished step; `value` is JSON text, None when it is large. `size` in bytes."""

    name: str
    key: str
    fence: int
    duration_s: float
    finished_at: datetime
    size: int | None
    value: str | None


class StepReads:
    """Pages of a job's steps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, job_id: UUID, *, after: tuple[datetime, str] | None = None, limit: int
    ) -> list[StepRow]:
        """Up to `limit` steps in the order of their end, past that which ended at a moment under a
        key."""
        at, key = after or (None, None)
        given = {"job_id": job_id, "small": SMALL_BYTES, "at": at, "key": key, "limit": limit}
        async with self._database.reading() as connection:
            rows = await connection.execute(_PAGE, given)
            opened = self._database.sealer.open
            return [
                StepRow(**{**row, "value": row["value"] and opened(row["value"])})
                for row in rows.mappings()
            ]
