"""Durable steps: the memory of a handler's finished pieces of work.

A step lands only while the lease holds; a finished step is never overwritten. Large values go to
the blob store. A shared one is remembered for the tenant's other jobs too, in the same statement;
and so is what the job has used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.domain.errors import NotFound
from haulage.domain.job import NOTHING_USED, Lease, Usage
from haulage.storage.blobs import Blobs, size_of
from haulage.storage.database import Database
from haulage.storage.job_sql import ADD_USAGE, HELD_BY_ITEM
from haulage.storage.sealing import Sealer


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
    # What the tenant's other jobs know it by; None: it is this job's alone.
    mark: bytes | None = None
    # What the job has used since its last write.
    usage: Usage = NOTHING_USED


# The row lock orders a step's write against the rescue that would take the lease away.
_ITEM = """
WITH item AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:keys AS text[]),
        CAST(:names AS text[]), CAST(:values AS text[]), CAST(:value_refs AS text[]),
        CAST(:sizes AS bigint[]), CAST(:durations AS float8[]){arrays}
    ) AS t (id, fence, key, name, value, value_ref, size, duration_s{columns})
), held AS (
    SELECT item.* FROM {held}
), saved AS (
    INSERT INTO steps (job_id, key, name, value, value_ref, size, fence, duration_s, finished_at)
    SELECT id, key, name, CAST(value AS json), value_ref, size, fence, duration_s, :now
    FROM held
    ON CONFLICT (job_id, key) DO NOTHING
    RETURNING job_id, key
){more}
SELECT id, fence FROM held
"""

_MORE = """, shared AS (
    INSERT INTO shared_steps (tenant, mark, name, value, value_ref, size, made_at)
    SELECT DISTINCT ON (tenant, mark)
           tenant, mark, name, CAST(value AS json), value_ref, size, CAST(:now AS timestamptz)
    FROM held WHERE mark IS NOT NULL ORDER BY tenant, mark
    ON CONFLICT (tenant, mark) DO NOTHING
), used AS (
    UPDATE jobs SET usage = {usage}
    FROM (
        SELECT held.id, sum(calls) AS calls, sum(input_tokens) AS input_tokens,
               sum(output_tokens) AS output_tokens, sum(cost) AS cost
        FROM held JOIN saved ON saved.job_id = held.id AND saved.key = held.key
        WHERE held.calls > 0 OR held.input_tokens > 0 OR held.output_tokens > 0 OR held.cost > 0
        GROUP BY held.id
    ) AS held
    WHERE jobs.id = held.id
)"""

SAVE = sa.text(
    _ITEM.replace("{arrays}", "")
    .replace("{columns}", "")
    .replace("{more}", "")
    .replace("{held}", HELD_BY_ITEM.format(lock="SHARE"))
)

# For steps that are shared, or whose job has used something: most are neither, and pay nothing for
# it. A step that comes again after a lost answer is saved already, and what it used is added.
SAVE_AND_SHARE = sa.text(
    _ITEM.replace(
        "{arrays}",
        """, CAST(:tenants AS text[]),
        CAST(:marks AS bytea[]), CAST(:calls AS bigint[]), CAST(:input_tokens AS bigint[]),
        CAST(:output_tokens AS bigint[]), CAST(:costs AS float8[])""",
    )
    .replace("{columns}", ", tenant, mark, calls, input_tokens, output_tokens, cost")
    .replace("{more}", _MORE)
    .replace("{held}", HELD_BY_ITEM.format(lock="NO KEY UPDATE"))
    .replace("{usage}", ADD_USAGE)
)

_KNOWN = sa.text("""
SELECT key, CASE WHEN pg_column_size(value) <= :small THEN CAST(value AS text) END AS value
FROM steps WHERE job_id = :job_id
""")

_VALUE = sa.text("""
SELECT CAST(value AS text) AS value, value_ref FROM steps WHERE job_id = :job_id AND key = :key
""")

_SHARED = sa.text("""
SELECT CAST(value AS text) AS value, value_ref FROM shared_steps
WHERE tenant = :tenant AND mark = :mark
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
        statement, columns = SAVE, step_columns(steps, self._database.sealer)
        if any(step.mark is not None or step.usage != NOTHING_USED for step in steps):
            statement, columns = SAVE_AND_SHARE, {**columns, **_share_columns(steps)}
        async with self._database.transaction() as connection:
            rows = await connection.execute(statement, {**columns, "now": self._clock.now()})
            landed = {(row.id, row.fence) for row in rows}
        return [(step.lease.job_id, step.lease.fence) in landed for step in steps]

    async def known(self, job_id: UUID) -> dict[str, str | None]:
        """The keys of all finished steps; with JSON text where the value is small, else None."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_KNOWN, {"job_id": job_id, "small": SMALL_BYTES})
            opened = self._database.sealer.open
            return {row.key: row.value and opened(row.value) for row in rows}

    async def value(self, job_id: UUID, key: str) -> str:
        """The JSON text of one finished step; raises `NotFound`."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_VALUE, {"job_id": job_id, "key": key})
            row = rows.one_or_none()
        if row is None:
            raise NotFound(f"Job {job_id} has no finished step {key}.")
        return await self._blobs.fetch(row.value, row.value_ref)

    async def shared(self, tenant: str, mark: bytes) -> str | None:
        """The JSON text of a step that a job of this tenant has shared; None when there is none."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_SHARED, {"tenant": tenant, "mark": mark})
            row = rows.one_or_none()
        try:
            return None if row is None else await self._blobs.fetch(row.value, row.value_ref)
        except NotFound:
            # It was forgotten between the two reads.
            return None

    async def load(self, job_id: UUID) -> dict[str, str]:
        """All finished steps of a job with their values."""
        return {
            key: await self.value(job_id, key) if text is None else text
            for key, text in (await self.known(job_id)).items()
        }


def step_columns(steps: Sequence[FinishedStep], sealer: Sealer) -> dict[str, object]:
    """The columns of `SAVE`."""
    return {
        "ids": [step.lease.job_id for step in steps],
        "fences": [step.lease.fence for step in steps],
        "keys": [step.key for step in steps],
        "names": [step.name for step in steps],
        "values": [None if step.value_ref else sealer.seal(step.value) for step in steps],
        "value_refs": [step.value_ref for step in steps],
        "sizes": [size_of(step.value) for step in steps],
        "durations": [step.duration_s for step in steps],
    }


def _share_columns(steps: Sequence[FinishedStep]) -> dict[str, object]:
    """The further columns of `SAVE_AND_SHARE`."""
    return {
        "tenants": [step.lease.tenant for step in steps],
        "marks": [step.mark for step in steps],
        "calls": [step.usage.calls for step in steps],
        "input_tokens": [step.usage.input_tokens for step in steps],
        "output_tokens": [step.usage.output_tokens for step in steps],
        "costs": [float(step.usage.cost) for step in steps],
    }
