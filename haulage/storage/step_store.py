"""Durable steps: the memory of a handler's finished pieces of work.

A step lands only while the lease holds; a finished step is never overwritten. Large values go to
the blob store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.domain.errors import NotFound
from haulage.domain.job import Lease
from haulage.storage.blobs import Blobs, size_of
from haulage.storage.database import Database
from haulage.storage.job_sql import HELD_BY_ITEM


@dataclass(frozen=True, slots=True)
class FinishedStep:
    """A step's value (JSON text) under its key; `duration_s` is what it took to make.

    `value_ref` says where a value lies that is too large for the row (`Blobs.keep`).
    """

    lease: Lease
    key: str
    name: str
    value: str
    duration_s: float
    value_ref: str | None = None


# The row lock orders a step's write against the rescue that would take the lease away.
SAVE = sa.text(
    """
WITH item AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:keys AS text[]),
        CAST(:names AS text[]), CAST(:values AS text[]), CAST(:value_refs AS text[]),
        CAST(:sizes AS bigint[]), CAST(:durations AS float8[])
    ) AS t (id, fence, key, name, value, value_ref, size, duration_s)
), held AS (
    SELECT item.* FROM {held}
), saved AS (
    INSERT INTO steps (job_id, key, name, value, value_ref, size, fence, duration_s, finished_at)
    SELECT id, key, name, CAST(value AS json), value_ref, size, fence, duration_s, :now
    FROM held
    ON CONFLICT (job_id, key) DO NOTHING
)
SELECT id, fence FROM held
""".replace("{held}", HELD_BY_ITEM.format(lock="SHARE"))
)

_KNOWN = sa.text("""
SELECT key, CASE WHEN pg_column_size(value) <= :small THEN CAST(value AS text) END AS value
FROM steps WHERE job_id = :job_id
""")

_VALUE = sa.text("""
SELECT CAST(value AS text) AS value, value_ref FROM steps WHERE job_id = :job_id AND key = :key
""")

# Values up to this come along with their keys; the others are fetched when somebody asks.
SMALL_BYTES = 4_096


class StepStore:
    """Finished steps by job and key."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def save(self, steps: Sequence[FinishedStep]) -> list[bool]:
        """Remember steps; for each whether the lease still held. Saving one twice is harmless."""
        async with self._database.transaction() as connection:
            rows = await connection.execute(SAVE, {**step_columns(steps), "now": self._clock.now()})
            landed = {(row.id, row.fence) for row in rows}
        return [(step.lease.job_id, step.lease.fence) in landed for step in steps]

    async def known(self, job_id: UUID) -> dict[str, str | None]:
        """The keys of all finished steps; with JSON text where the value is small, else None."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_KNOWN, {"job_id": job_id, "small": SMALL_BYTES})
            return {row.key: row.value for row in rows}

    async def value(self, job_id: UUID, key: str) -> str:
        """The JSON text of one finished step; raises `NotFound`."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_VALUE, {"job_id": job_id, "key": key})
            row = rows.one_or_none()
        if row is None:
            raise NotFound(f"Job {job_id} has no finished step {key}.")
        return await self._blobs.fetch(row.value, row.value_ref)

    async def load(self, job_id: UUID) -> dict[str, str]:
        """All finished steps of a job with their values."""
        return {
            key: await self.value(job_id, key) if text is None else text
            for key, text in (await self.known(job_id)).items()
        }


def step_columns(steps: Sequence[FinishedStep]) -> dict[str, object]:
    """The columns of `SAVE`."""
    return {
        "ids": [step.lease.job_id for step in steps],
        "fences": [step.lease.fence for step in steps],
        "keys": [step.key for step in steps],
        "names": [step.name for step in steps],
        "values": [None if step.value_ref else step.value for step in steps],
        "value_refs": [step.value_ref for step in steps],
        "sizes": [size_of(step.value) for step in steps],
        "durations": [step.duration_s for step in steps],
    }
