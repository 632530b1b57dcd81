"""What is old enough to be forgotten, a small bite at a time.

Each call deletes a bounded number of rows in a short transaction, skips what is locked, and says
how many; nobody waits for it. A blob may go when no row names it.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.storage.blobs import reference
from haulage.storage.database import Database

# A bite ends here even if its jobs are fewer: one job may have written thousands of events.
EVENTS_AT_ONCE = 5_000

# A job goes with its events, steps and crashes. Children go with their parent or after it: a child
# whose parent may still read it stays, and a parent stays while a child of it is not over.
_JOBS = sa.text("""
WITH old AS (
    SELECT id, tenant, tags, queue, type, created_at, finished_at, event_seq FROM jobs
    WHERE finished_at < :before
      AND (parent_id IS NULL OR NOT EXISTS (
          SELECT 1 FROM jobs AS parent WHERE parent.id = jobs.parent_id
            AND (parent.finished_at IS NULL OR parent.finished_at >= :before)
          -- One probe of the key for each child; without it the planner hashes the whole table.
          OFFSET 0))
      AND NOT EXISTS (
          SELECT 1 FROM jobs AS child
          WHERE child.parent_id = jobs.id AND child.finished_at IS NULL)
    ORDER BY finished_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
), due AS (
    SELECT * FROM (
        SELECT *, sum(event_seq) OVER (ORDER BY finished_at, id) - event_seq AS before_it FROM old
    ) AS counted WHERE before_it < :events
), no_events AS (
    DELETE FROM events WHERE job_id = ANY(ARRAY(SELECT id FROM due))
), no_bulk AS (
    DELETE FROM bulk_progress WHERE job_id = ANY(ARRAY(SELECT id FROM due))
), no_steps AS (
    DELETE FROM steps WHERE job_id = ANY(ARRAY(SELECT id FROM due))
), no_crashes AS (
    DELETE FROM crashes WHERE job_id = ANY(ARRAY(SELECT id FROM due))
), unlinked AS (
    DELETE FROM job_files WHERE job_id = ANY(ARRAY(SELECT id FROM due)) RETURNING file_id
), idle AS (
    UPDATE files SET idle_since = :now WHERE id = ANY(ARRAY(SELECT file_id FROM unlinked))
), no_tags AS (
    DELETE FROM job_tags USING (
        SELECT tenant, unnest(tags) AS tag, queue, type, created_at, id FROM due
    ) AS theirs
    WHERE job_tags.tenant = theirs.tenant AND job_tags.tag = theirs.tag
      AND job_tags.queue = theirs.queue AND job_tags.type = theirs.type
      AND job_tags.created_at = theirs.created_at AND job_tags.job_id = theirs.id
), gone AS (
    DELETE FROM jobs WHERE id = ANY(ARRAY(SELECT id FROM due)) RETURNING id
)
SELECT count(*) FROM gone
""")

_IDLE_FILES = sa.text("""
SELECT id FROM files WHERE idle_since < :before ORDER BY idle_since LIMIT :limit
FOR UPDATE SKIP LOCKED
""")

# What a job uses is looked at again when the last one has gone; what a schedule names, in a while.
_FILES = sa.text("""
WITH item AS (
    SELECT id, EXISTS (SELECT 1 FROM job_files WHERE file_id = item.id) AS linked,
           EXISTS (SELECT 1 FROM schedules
                   WHERE position(CAST(item.id AS text) IN CAST(input AS text)) > 0) AS scheduled
    FROM unnest(CAST(:ids AS uuid[])) AS item (id)
), used AS (
    UPDATE files SET idle_since = CASE WHEN item.linked THEN NULL ELSE CAST(:now AS timestamptz) END
    FROM item WHERE files.id = item.id AND (item.linked OR item.scheduled)
), gone AS (
    DELETE FROM files USING item
    WHERE files.id = item.id AND NOT item.linked AND NOT item.scheduled
    RETURNING 1
)
SELECT count(*) FROM gone
""")

_KEYS = sa.text("""
WITH old AS (
    SELECT tenant, key FROM idempotency_keys WHERE expires_at <= :before
    ORDER BY expires_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM idempotency_keys USING old
    WHERE idempotency_keys.tenant = old.tenant AND idempotency_keys.key = old.key
    RETURNING 1
)
SELECT count(*) FROM gone
""")

_LIMIT_USAGE = sa.text("""
WITH old AS (
    SELECT pool, whose, quarter FROM limit_usage WHERE quarter < :before
    ORDER BY quarter LIMIT :limit
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM limit_usage AS held USING old
    WHERE held.pool = old.pool AND held.whose = old.whose AND held.quarter = old.quarter
    RETURNING 1
)
SELECT count(*) FROM gone
""")

# A dead worker's row is how its jobs are found and rescued: it outlives them.
_WORKERS = sa.text("""
WITH old AS (
    SELECT id FROM workers
    WHERE ended_at < :before AND NOT EXISTS (
        SELECT 1 FROM jobs WHERE jobs.worker_id = workers.id AND jobs.state = 'running')
    ORDER BY ended_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM workers WHERE id = ANY(ARRAY(SELECT id FROM old)) RETURNING 1
)
SELECT count(*) FROM gone
""")

_SHARED = sa.text("""
WITH old AS (
    SELECT tenant, mark FROM shared_steps WHERE made_at < :before
    ORDER BY made_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM shared_steps AS held USING old
    WHERE held.tenant = old.tenant AND held.mark = old.mark
    RETURNING 1
)
SELECT count(*) FROM gone
""")

_DELIVERIES = sa.text("""
WITH old AS (
    SELECT id FROM webhook_deliveries WHERE ended_at < :before
    ORDER BY ended_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM webhook_deliveries WHERE id = ANY(ARRAY(SELECT id FROM old)) RETURNING 1
)
SELECT count(*) FROM gone
""")

_PULLED = sa.text("""
WITH old AS (
    SELECT source, key FROM pulled_tasks WHERE closed_at < :before
    ORDER BY closed_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM pulled_tasks AS held USING old
    WHERE held.source = old.source AND held.key = old.key
    RETURNING 1
)
SELECT count(*) FROM gone
""")

_AUDIT = sa.text("""
WITH old AS (
    SELECT id FROM audit WHERE at < :before ORDER BY at LIMIT :limit FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM audit WHERE id = ANY(ARRAY(SELECT id FROM old)) RETURNING 1
)
SELECT count(*) FROM gone
""")

_NAMED = sa.text("""
SELECT ref FROM unnest(CAST(:refs AS text[]), CAST(:digests AS text[])) AS blob (ref, digest)
WHERE EXISTS (SELECT 1 FROM jobs WHERE input_ref = ref)
   OR EXISTS (SELECT 1 FROM jobs WHERE result_ref = ref)
   OR EXISTS (SELECT 1 FROM steps WHERE value_ref = ref)
   OR EXISTS (SELECT 1 FROM shared_steps WHERE value_ref = ref)
   OR EXISTS (SELECT 1 FROM files WHERE sha256 = digest)
""")


class RetentionStore:
    """Deletes, in bites of `limit` rows, what nobody needs any more."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def forget_jobs(self, *, finished_before: datetime, limit: int) -> int:
        """Delete up to `limit` finished jobs with all that is theirs; how many jobs."""
        return await self._count(
            _JOBS,
            {
                "before": finished_before,
                "limit": limit,
                "events": EVENTS_AT_ONCE,
                "now": self._clock.now(),
            },
        )

    async def forget_files(self, *, idle_before: datetime, limit: int) -> int:
        """Delete up to `limit` files that neither a job nor a schedule names; how many."""
        while True:
            async with self._database.transaction() as connection:
                rows = await connection.execute(
                    _IDLE_FILES, {"before": idle_before, "limit": limit}
                )
                ids = [row.id for row in rows]
                # A statement of its own sees what was linked before the rows were locked.
                gone = await connection.execute(_FILES, {"ids": ids, "now": self._clock.now()})
                count = int(gone.scalar_one())
            if count or not ids:
                return count

    async def forget_keys(self, *, limit: int) -> int:
        """Delete up to `limit` expired idempotency keys; how many."""
        return await self._count(_KEYS, {"before": self._clock.now(), "limit": limit})

    async def forget_workers(self, *, ended_before: datetime, limit: int) -> int:
        """Delete up to `limit` ended workers that hold no job; how many."""
        return await self._count(_WORKERS, {"before": ended_before, "limit": limit})

    async def forget_limit_usage(self, *, before: datetime, limit: int) -> int:
        """Usage that lies outside every window; how many rows went."""
        return await self._count(_LIMIT_USAGE, {"before": before, "limit": limit})

    async def forget_shared_steps(self, *, made_before: datetime, limit: int) -> int:
        """Delete up to `limit` shared steps' values; how many. The jobs' own copies stay."""
        return await self._count(_SHARED, {"before": made_before, "limit": limit})

    async def forget_deliveries(self, *, ended_before: datetime, limit: int) -> int:
        """Delete up to `limit` deliveries to endpoints that are long over; how many."""
        return await self._count(_DELIVERIES, {"before": ended_before, "limit": limit})

    async def forget_pulled_tasks(self, *, closed_before: datetime, limit: int) -> int:
        """Delete up to `limit` tasks whose reports were made long ago; how many."""
        return await self._count(_PULLED, {"before": closed_before, "limit": limit})

    async def forget_audit(self, *, before: datetime, limit: int) -> int:
        """Delete up to `limit` entries of who asked for what; how many."""
        return await self._count(_AUDIT, {"before": before, "limit": limit})

    async def unnamed(self, refs: Sequence[str]) -> list[str]:
        """Those of `refs` that no row names, in the order given."""
        digests = [ref.rpartition("/")[2] for ref in refs]
        async with self._database.reading() as connection:
            rows = await connection.execute(_NAMED, {"refs": list(refs), "digests": digests})
            named = {row.ref for row in rows}
        # What is not called as we call blobs is not ours to judge.
        return [
            ref
            for ref, digest in zip(refs, digests, strict=True)
            if ref not in named and ref == reference(digest)
        ]

    async def _count(self, statement: sa.TextClause, values: dict[str, object]) -> int:
        async with self._database.transaction() as connection:
            return int((await connection.execute(statement, values)).scalar_one())
