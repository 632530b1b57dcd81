"""Who is rung next, and who again: the statements of `dispatch_store.py` that fill the window."""

import sqlalchemy as sa

from haulage.storage.job_sql import ISOLATE_AFTER

# Names no job's column, so it is asked once a statement and leaves the planner's estimates alone.
_NOT_PAUSED = "NOT EXISTS (SELECT 1 FROM queues WHERE name = :queue AND paused_at IS NOT NULL)"

# How urgent a job is: its priority's rank (0, 1, 2), one less for each `aging_s` it has waited.
_LEVEL = """priority / 3 - floor(greatest(0, extract(
        epoch FROM CAST(:now AS timestamptz) - scheduled_at)) / CAST(:aging_s AS float8))"""

# Places for suspects that nobody has or was rung for: a quarter of the cpu workers' slots, one at
# least. None without a cpu worker: everybody goes on in company.
_FREE_PLACES = """
    SELECT CASE WHEN count(*) = 0 THEN 0 ELSE greatest(1, sum(slots) / 4) END
    FROM workers WHERE ended_at IS NULL AND pool = 'cpu' AND 'cpu' = ANY(queues)
    ) - (
    SELECT count(*) FROM jobs
    WHERE alone AND (state = 'running' OR state = 'queued' AND rung_at IS NOT NULL)"""

# The bell says the priority the job has come to, or the broker would starve what waited here. What
# was running already, until its worker was gone, comes before all that waits in the broker.
_RING = """
), chosen AS (
    -- By arrays of ids: a planner that guesses wrong would read the whole table here.
    SELECT id, suspicion FROM jobs
    WHERE id = ANY(ARRAY(SELECT id FROM picked)) AND state = 'queued' AND {which}
    ORDER BY id
    FOR UPDATE SKIP LOCKED
), isolated AS (
    -- The most suspicious first; the others go on in company, because nobody waits for a place.
    SELECT id FROM chosen WHERE suspicion >= {isolate_after} AND {isolates}
    ORDER BY suspicion DESC, id
    LIMIT (SELECT greatest(0, ({free_places})))
), rung AS (
    UPDATE jobs SET rung_at = :now, rings = rings + 1,
                    alone = id = ANY(ARRAY(SELECT id FROM isolated))
    WHERE id = ANY(ARRAY(SELECT id FROM chosen))
    RETURNING id, queue, scheduled_at, rings, attempt > 0 AS retry, alone, traceparent,
              coalesce(reason IN ('rescued', 'given_back'), false) AS resumed
)
-- An UPDATE returns its rows in no order; the bells ring in this one.
SELECT id, queue, CAST(CASE WHEN resumed THEN 0 ELSE 3 * greatest(0, level) END AS int) AS priority,
       rings, retry,
       alone, traceparent, {following} AS after
FROM rung JOIN picked USING (id)
ORDER BY turn, level, scheduled_at, id
"""

# The window is shared as water finds its level: whoever has least in it is given places first, and
# each tenant at most what brings it to the common level. `lane` finds the tenants and priorities
# that wait by skipping along the index, one probe for each; `lanes` stops it after so many, and the
# next call goes on from there.
_TAKE_UNRUNG = """
WITH RECURSIVE lane AS (
    (SELECT tenant, priority FROM jobs
     WHERE state = 'queued' AND rung_at IS NULL AND queue = :queue AND {not_paused}
       AND tenant >= :after
     ORDER BY tenant, priority LIMIT 1)
    UNION ALL
    SELECT following.tenant, following.priority FROM lane CROSS JOIN LATERAL (
        SELECT tenant, priority FROM jobs
        WHERE state = 'queued' AND rung_at IS NULL AND queue = :queue
          AND (tenant, priority) > (lane.tenant, lane.priority)
        ORDER BY tenant, priority LIMIT 1
    ) AS following
), lanes AS MATERIALIZED (
    SELECT tenant, priority FROM lane {open} LIMIT :lanes
), tenants AS (
    SELECT tenant, coalesce(max(rung), 0) AS rung
    FROM (SELECT DISTINCT tenant FROM lanes) AS waiting LEFT JOIN (
        SELECT tenant, count(*) AS rung FROM jobs
        WHERE state = 'queued' AND rung_at IS NOT NULL AND queue = :queue
        GROUP BY tenant
    ) AS ringing USING (tenant)
    GROUP BY tenant
), shares AS (
    SELECT tenant, rung, least(CAST(:limit AS int), ceil(
        (CAST(:limit AS int) + sum(rung) OVER ()) / count(*) OVER ()) - rung{room}) AS share
    FROM tenants
), waiting AS (
    SELECT job.id, job.scheduled_at, shares.tenant, rung, job.level
    FROM shares JOIN lanes USING (tenant) CROSS JOIN LATERAL (
        SELECT id, scheduled_at, {level} AS level
        FROM jobs
        WHERE state = 'queued' AND rung_at IS NULL AND queue = :queue
          AND tenant = lanes.tenant AND priority = lanes.priority
        ORDER BY scheduled_at, id
        LIMIT greatest(0, CAST(shares.share AS int))
    ) AS job
), picked AS (
    SELECT id, level, turn FROM (
        SELECT id, scheduled_at, level, rung + row_number() OVER (
            PARTITION BY tenant ORDER BY level, scheduled_at, id) AS turn
        FROM waiting
    ) AS ordered
    ORDER BY turn, level, scheduled_at, id LIMIT :limit
"""
# Where tenants have caps: those that are full have no lane, the others their room at most. LEAST
# passes over NULL, which is a tenant without a cap.
_OPEN = "WHERE tenant <> ALL (CAST(:full AS text[]))"
_ROOM = """, coalesce((
        SELECT room FROM unnest(CAST(:tenants AS text[]), CAST(:rooms AS int[])) AS its (of, room)
        WHERE its.of = tenants.tenant), CAST(:room AS int))"""
TAKE_UNRUNG, TAKE_UNRUNG_CAPPED = (
    sa.text(
        _TAKE_UNRUNG.format(not_paused=_NOT_PAUSED, level=_LEVEL, open=open_lanes, room=room)
        + _RING.format(
            isolate_after=ISOLATE_AFTER,
            isolates="CAST(:isolates AS boolean)",
            free_places=_FREE_PLACES,
            which="rung_at IS NULL",
            following="(SELECT max(tenant) FROM lanes HAVING count(*) = :lanes)",
        )
    )
    for open_lanes, room in (("", ""), (_OPEN, _ROOM))
)

_LOST = "NOT alone AND rung_at < CAST(:now AS timestamptz) - make_interval(secs => :age_s)"
# The more workers died with a suspect the longer it may wait for a place that it was rung for.
_UNATTENDED = f"""alone AND rung_at < CAST(:now AS timestamptz)
          - make_interval(secs => :age_s * power(2, suspicion - {ISOLATE_AFTER}))"""
_TAKE_LOST = """
WITH picked AS (
    SELECT id, 0 AS turn, {level} AS level FROM jobs
    WHERE state = 'queued' AND queue = :queue AND {not_paused}
      AND {lost}
    ORDER BY rung_at LIMIT :limit
"""
TAKE_LOST, TAKE_UNATTENDED = (
    sa.text(
        _TAKE_LOST.format(not_paused=_NOT_PAUSED, level=_LEVEL, lost=lost)
        + _RING.format(
            isolate_after=ISOLATE_AFTER,
            isolates="false",
            free_places=_FREE_PLACES,
            which=lost,
            following="NULL",
        )
    )
    for lost in (_LOST, _UNATTENDED)
)

# One probe of an index for each queue; to take from one in vain is a transaction.
UNRUNG_QUEUES = sa.text("""
SELECT name FROM unnest(CAST(:queues AS text[])) AS asked (name)
WHERE EXISTS (SELECT 1 FROM jobs WHERE state = 'queued' AND rung_at IS NULL AND queue = asked.name)
""")

# Beside it how many jobs of each queue ended a second, by the workers' last heartbeats.
RUNG_WAITING = sa.text("""
WITH rung AS (
    SELECT queue, count(*) AS waiting FROM jobs
    WHERE state = 'queued' AND rung_at IS NOT NULL
    GROUP BY queue
), paces AS (
    SELECT pace.key AS queue, sum(CAST(pace.value AS float8)) AS ended_per_s
    FROM workers CROSS JOIN LATERAL json_each_text(workers.paces) AS pace
    WHERE workers.ended_at IS NULL AND workers.paces IS NOT NULL
    GROUP BY pace.key
)
SELECT queue, coalesce(waiting, 0) AS waiting, coalesce(ended_per_s, 0) AS ended_per_s
FROM rung FULL JOIN paces USING (queue)
""")

HAS_FREE_SLOT = sa.text("""
SELECT EXISTS (
    SELECT 1 FROM workers
    WHERE ended_at IS NULL AND drain_at IS NULL
      AND :queue = ANY(queues) AND in_flight + backlog < slots
)
""")
