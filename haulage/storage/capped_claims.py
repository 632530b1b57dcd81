"""Tenants' caps on running jobs, held by the claim and minded by whoever rings.

The claim decides: under a lock for each capped tenant it counts what runs and lets so many through,
so that no number of workers is over a cap. What it holds back is unrung, and goes back to the
dispatcher, which rings no more for a tenant than there is room. Who ends a job that held a place
tells the dispatcher, which would wait for its tick. Nothing of this is executed where nobody has a
cap. Bulk operations are exempt: they are what empties a queue.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain import bulk
from haulage.domain.caps import Caps
from haulage.storage.database import Database

_WANTED = sa.text(f"""
SELECT id, tenant FROM jobs
WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'queued' AND queue <> '{bulk.QUEUE}'
""")  # noqa: S608 - our own name

# In the order of their names, so that two claims never wait for each other in a circle. The locks
# end with the transaction, and the next statement sees what the one before has claimed.
_LOCK = sa.text("""
SELECT pg_advisory_xact_lock(hashtextextended('haulage.running:' || tenant, 0))
FROM (SELECT unnest(CAST(:tenants AS text[])) AS tenant ORDER BY 1 OFFSET 0) AS ordered
""")

# OFFSET keeps the tenants out of the inner query: it must read the index of running jobs, not the
# jobs that the tenants ever had.
_RUNNING = sa.text(f"""
SELECT tenant, count(*) AS running FROM (
    SELECT tenant FROM jobs WHERE state = 'running' AND queue <> '{bulk.QUEUE}' OFFSET 0
) AS held
WHERE CAST(:tenants AS text[]) IS NULL OR tenant = ANY(CAST(:tenants AS text[]))
GROUP BY tenant
""")  # noqa: S608

# What is rung may be running any moment.
_TAKEN = sa.text(f"""
SELECT tenant, count(*) AS taken FROM (
    SELECT tenant FROM jobs WHERE state = 'running' AND queue <> '{bulk.QUEUE}'
    UNION ALL
    SELECT tenant FROM jobs
    WHERE state = 'queued' AND rung_at IS NOT NULL AND queue <> '{bulk.QUEUE}'
) AS held
GROUP BY tenant
""")  # noqa: S608

_HOLD_BACK = sa.text("""
WITH held AS (
    SELECT id FROM jobs
    WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'queued' AND rung_at IS NOT NULL
    ORDER BY id
    FOR UPDATE SKIP LOCKED
)
UPDATE jobs SET rung_at = NULL FROM held WHERE jobs.id = held.id
""")

# A wake-up for the dispatcher, at this transaction's commit or not at all. What it then rings it
# rings as on any tick, so that two wake-ups, or one too many, ring nothing twice; a lost one, and
# what the tenant has in other queues only, waits for the tick.
_TELL_OF_ROOM = sa.text("""
SELECT pg_notify('haulage_submitted', '') WHERE EXISTS (
    SELECT 1 FROM (
        SELECT DISTINCT queue, tenant FROM jobs WHERE id = ANY(CAST(:ids AS uuid[])) OFFSET 0
    ) AS ended
    WHERE (:all_capped OR tenant = ANY(CAST(:capped AS text[]))) AND EXISTS (
        SELECT 1 FROM jobs
        WHERE jobs.queue = ended.queue AND jobs.tenant = ended.tenant
          AND state = 'queued' AND rung_at IS NULL
    )
)
""")


@dataclass(frozen=True, slots=True)
class Rooms:
    """How many more jobs of a tenant may be rung: `each` where `own` says nothing; None: any
    number."""

    each: int | None
    own: Mapping[str, int]

    @property
    def full(self) -> list[str]:
        """The tenants without any."""
        return [tenant for tenant, room in self.own.items() if room <= 0]


async def within_caps(
    connection: AsyncConnection, ids: Sequence[UUID], caps: Caps
) -> Sequence[UUID]:
    """Those of `ids`, in their order, that may be claimed in this transaction; the others are
    unrung."""
    rows = await connection.execute(_WANTED, {"ids": list(ids)})
    whose = {row.id: row.tenant for row in rows if caps.of(row.tenant) is not None}
    if not whose:
        return ids
    tenants = sorted(set(whose.values()))
    await connection.execute(_LOCK, {"tenants": tenants})
    counted = await connection.execute(_RUNNING, {"tenants": tenants})
    running = Counter({row.tenant: row.running for row in counted})
    let_through, held_back = [], []
    for job_id in ids:
        tenant = whose.get(job_id)
        cap = None if tenant is None else caps.of(tenant)
        if tenant is None or cap is None or running[tenant] < cap:
            let_through.append(job_id)
            running[tenant or ""] += 1
        else:
            held_back.append(job_id)
    if held_back:
        await connection.execute(_HOLD_BACK, {"ids": held_back})
    return let_through


async def tell_of_room(connection: AsyncConnection, ended: Sequence[UUID], caps: Caps) -> None:
    """Let the dispatcher know at the commit where the end of these jobs lets others of their
    tenants run."""
    asked = {"ids": list(ended), "all_capped": caps.each is not None, "capped": list(caps.own)}
    await connection.execute(_TELL_OF_ROOM, asked)


async def rooms_in(connection: AsyncConnection, caps: Caps) -> Rooms:
    """How many more may be rung now, of each tenant that has something running or rung."""
    rows = await connection.execute(_TAKEN)
    taken = {row.tenant: row.taken for row in rows}
    own = {
        tenant: cap - taken.get(tenant, 0)
        for tenant in {*taken, *caps.own}
        if (cap := caps.of(tenant)) is not None
    }
    return Rooms(caps.each, own)


async def running_of(database: Database, tenants: Sequence[str] | None) -> Mapping[str, int]:
    """How many jobs of each of `tenants`, or of all, are running; who has none is left out."""
    async with database.reading() as connection:
        rows = await connection.execute(_RUNNING, {"tenants": tenants and list(tenants)})
        return {row.tenant: row.running for row in rows}
