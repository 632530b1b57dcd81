"""The job types that this version knows, told to those who submit in the database alone."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from haulage.domain import bulk
from haulage.domain.clock import Clock
from haulage.domain.job_type import JobType
from haulage.storage.database import Database
from haulage.storage.json_text import dumps

# In the order of names, so that processes that start together can't wait for each other in a
# circle; what has not changed is not written.
_PUBLISH = sa.text("""
INSERT INTO job_types AS known
    (name, pool, queue, queues, max_attempts, max_crashes, timeout_s, takes_files,
     is_priced, published_at)
SELECT name, pool, queue, queues, max_attempts, max_crashes, timeout_s, takes_files,
       is_priced, :now
FROM json_to_recordset(CAST(:types AS json)) AS told (
    name text, pool text, queue text, queues text[],
    max_attempts int, max_crashes int, timeout_s float8, takes_files boolean,
    is_priced boolean)
ORDER BY name
ON CONFLICT (name) DO UPDATE SET
    pool = excluded.pool, queue = excluded.queue, queues = excluded.queues,
    max_attempts = excluded.max_attempts, max_crashes = excluded.max_crashes,
    timeout_s = excluded.timeout_s, takes_files = excluded.takes_files,
    is_priced = excluded.is_priced, published_at = excluded.published_at
WHERE (known.pool, known.queue, known.queues, known.max_attempts, known.max_crashes,
       known.timeout_s, known.takes_files, known.is_priced)
   IS DISTINCT FROM (excluded.pool, excluded.queue, excluded.queues, excluded.max_attempts,
                     excluded.max_crashes, excluded.timeout_s, excluded.takes_files,
                     excluded.is_priced)
""")


class TypeStore:
    """What `haulage_submit` goes by (migration 0009). A type stays when nobody declares it any
    more: older workers may still run it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def publish(self, types: Iterable[JobType], queue_pools: Mapping[str, str]) -> None:
        """Tell each type's pool, queues and policy; the last process to start is believed.

        One whose own queue no setting names can't be submitted, here or over HTTP, and is left out.
        """
        offered = {name: pool for name, pool in queue_pools.items() if name != bulk.QUEUE}
        told = []
        for declared in types:
            queues = sorted(name for name, pool in offered.items() if pool == declared.pool)
            if declared.queue in queues:
                told.append(
                    {
                        "name": declared.name,
                        "pool": declared.pool,
                        "queue": declared.queue,
                        "queues": queues,
                        "max_attempts": declared.policy.max_attempts,
                        "max_crashes": declared.policy.max_crashes,
                        "timeout_s": declared.policy.timeout_s,
                        "takes_files": declared.takes_files,
                        "is_priced": declared.policy.is_priced,
                    }
                )
        async with self._database.transaction() as connection:
            await connection.execute(_PUBLISH, {"types": dumps(told), "now": self._clock.now()})
