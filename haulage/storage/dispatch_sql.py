"""The statements of `dispatch_store.py`."""

import sqlalchemy as sa

from haulage.storage.job_sql import HELD_BY_ITEM, ISOLATE_AFTER

# The last resort against a job that not even isolation convicts: so many deaths in company count as
# one that was its own.
PATIENCE_IN_COMPANY = 10

PROMOTE_DUE = sa.text("""
WITH due AS (
    SELECT id FROM jobs
    WHERE state = 'scheduled' AND scheduled_at <= :now
    ORDER BY scheduled_at LIMIT :limit
    FOR UPDATE SKIP LOCKED
), promoted AS (
    UPDATE jobs SET state = 'queued', rung_at = NULL, event_seq = event_seq + 1
    FROM due WHERE jobs.id = due.id
    RETURNING jobs.id, event_seq, reason
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now, json_build_object('state', 'queued', 'reason', reason)
    FROM promoted
)
SELECT count(*) FROM promoted
""")

EXPIRE = sa.text("""
WITH late AS (
    SELECT id FROM jobs
    WHERE deadline <= :now AND state IN ('scheduled', 'queued', 'waiting')
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
), failed AS (
    UPDATE jobs SET
        state = 'failed', reason = 'deadline', rung_at = NULL, finished_at = :now,
        event_seq = event_seq + 1,
        error = json_build_object(
            'code', 'deadline', 'retryable', false,
            'message', 'The deadline passed before the job could run.')
    FROM late WHERE jobs.id = late.id
    RETURNING jobs.id, event_seq, error
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now,
           json_build_object('state', 'failed', 'reason', 'deadline', 'error', error)
    FROM failed
)
SELECT count(*) FROM failed
""")

# Names no job's column, so it is asked once a statement and leaves the planner's estimates alone.
_NOT_PAUSED = "NOT EXISTS (SELECT 1 FROM queues WHERE name = :queue AND paused_at IS NOT NULL)"

# How urgent a job is: its priority's rank (0, 1, 2), one less for each `aging_s` it has waited.
_LEVEL = """priority / 3 - floor(greatest(0, extract(
        epoch FROM CAST(:now AS timestamptz) - scheduled_at)) / CAST(:aging_s AS float8))"""

# The bell says the priority the job has come to, or the broker would starve what waited here.
_RING = """
), chosen AS (
    -- By arrays of ids: a planner that guesses wrong would read the whole table here.
    SELECT id FROM jobs
    WHERE id = ANY(ARRAY(SELECT id FROM picked)) AND state = 'queued' AND {which}
    ORDER BY id
    FOR UPDATE SKIP LOCKED
), rung AS (
    UPDATE jobs SET rung_at = :now, rings = rings + 1
    WHERE id = ANY(ARRAY(SELECT id FROM chosen))
    RETURNING id, queue, scheduled_at, rings, attempt > 0 AS retry,
              suspicion >= {isolate_after} AS alone
)
-- An UPDATE returns its rows in no order; the bells ring in this one.
SELECT id, queue, CAST(3 * greatest(0, level) AS int) AS priority, rings, retry,
       alone, {following} AS after
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
    SELECT tenant, priority FROM lane LIMIT :lanes
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
        (CAST(:limit AS int) + sum(rung) OVER ()) / count(*) OVER ()) - rung) AS share
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
TAKE_UNRUNG = sa.text(
    _TAKE_UNRUNG.format(not_paused=_NOT_PAUSED, level=_LEVEL)
    + _RING.format(
        isolate_after=ISOLATE_AFTER,
        which="rung_at IS NULL",
        following="(SELECT max(tenant) FROM lanes HAVING count(*) = :lanes)",
    )
)

_LOST = "rung_at < CAST(:now AS timestamptz) - make_interval(secs => :age_s)"
_TAKE_LOST = """
WITH picked AS (
    SELECT id, 0 AS turn, {level} AS level FROM jobs
    WHERE state = 'queued' AND queue = :queue AND {not_paused}
      AND {lost}
    ORDER BY rung_at LIMIT :limit
"""
TAKE_LOST = sa.text(
    _TAKE_LOST.format(not_paused=_NOT_PAUSED, level=_LEVEL, lost=_LOST)
    + _RING.format(isolate_after=ISOLATE_AFTER, which=_LOST, following="NULL")
)

RUNG_WAITING = sa.text("""
SELECT queue, count(*) AS waiting FROM jobs
WHERE state = 'queued' AND rung_at IS NOT NULL
GROUP BY queue
""")

HAS_FREE_SLOT = sa.text("""
SELECT EXISTS (
    SELECT 1 FROM workers
    WHERE ended_at IS NULL AND :queue = ANY(queues) AND in_flight + backlog < slots
)
""")

NEXT_DUE = sa.text("""
SELECT extract(epoch FROM min(scheduled_at) - CAST(:now AS timestamptz))
FROM jobs WHERE state = 'scheduled'
""")

END_SILENT_WORKERS = sa.text("""
UPDATE workers SET ended_at = :now, end_reason = 'silent'
WHERE ended_at IS NULL
  AND heartbeat_at < CAST(:now AS timestamptz) - make_interval(secs => :lease_s)
RETURNING id
""")

_RESCUE = """
WITH orphan AS (
    SELECT jobs.id, jobs.fence, jobs.worker_id, jobs.worker_pid, jobs.claimed_at,
           {peak} AS peak_rss_bytes, {company} AS company,
           cancel_requested_at, crashes, max_crashes, suspicion, {blameless} AS blameless
    FROM jobs {holder}
    ORDER BY jobs.id
    FOR UPDATE OF jobs SKIP LOCKED
), counted AS (
    SELECT *, CASE WHEN blameless THEN 0
                   WHEN company = 1 OR suspicion + 1 >= {patience} THEN 1 ELSE 0 END AS crash
    FROM orphan
), judged AS (
    SELECT *, CASE WHEN cancel_requested_at IS NOT NULL THEN 'cancelled'
                   WHEN crash = 1 AND crashes + 1 >= max_crashes THEN 'failed'
                   ELSE 'scheduled' END AS target
    FROM counted
), recorded AS (
    INSERT INTO crashes (job_id, fence, worker_id, worker_pid, peak_rss_bytes, company, started_at,
                         noticed_at)
    SELECT id, fence, worker_id, worker_pid, peak_rss_bytes, company, claimed_at, :now
    FROM judged WHERE NOT blameless
    ON CONFLICT DO NOTHING
), rescued AS (
    UPDATE jobs SET
        state = judged.target, worker_id = NULL, worker_pid = NULL, rung_at = NULL,
        crashes = jobs.crashes + crash,
        suspicion = jobs.suspicion + CASE WHEN blameless THEN 0 ELSE 1 - crash END,
        -- The crash is counted apart: the attempt it cut short is handed back.
        attempt = greatest(attempt - 1, 0),
        reason = CASE judged.target WHEN 'scheduled' THEN 'rescued'
                                    WHEN 'failed' THEN 'quarantined' END,
        scheduled_at = CASE judged.target WHEN 'scheduled' THEN CAST(:now AS timestamptz)
                                          ELSE scheduled_at END,
        finished_at = CASE WHEN judged.target <> 'scheduled' THEN CAST(:now AS timestamptz) END,
        cancelled_at = CASE WHEN judged.target = 'cancelled' THEN CAST(:now AS timestamptz) END,
        error = CASE judged.target WHEN 'failed' THEN json_build_object(
            'code', 'quarantined', 'retryable', false, 'message',
            'The worker running this job died ' || (jobs.crashes + 1) || ' times.') END,
        event_seq = event_seq + 1
    FROM judged WHERE jobs.id = judged.id
    RETURNING jobs.id, type, queue, state, jobs.crashes, crash, company, event_seq, reason,
              cancelled_by, error, jobs.fence
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now, json_build_object(
        'state', state, 'reason', reason, 'crashes', crashes, 'company', company,
        'fence', fence, 'cancelled_by', cancelled_by, 'error', error)
    FROM rescued
)
SELECT id, type, queue, state, crashes, crash, company FROM rescued
"""

# All that the worker still runs by the table, and what of it was rescued before.
_COMPANY = """(
        SELECT count(*) FROM jobs AS other
        WHERE other.state = 'running' AND other.worker_id = workers.id
    ) + (
        SELECT count(*) FROM crashes
        WHERE crashes.worker_id = workers.id AND noticed_at >= workers.ended_at AND company > 1
    )"""

RESCUE_ORPHANS = sa.text(
    _RESCUE.format(
        peak="workers.rss_bytes",
        company=_COMPANY,
        # A worker that said goodbye did not die of its jobs; it only could not give them back.
        blameless="workers.end_reason IS NOT DISTINCT FROM 'stopped'",
        patience=PATIENCE_IN_COMPANY,
        holder="""JOIN workers ON workers.id = jobs.worker_id
    WHERE jobs.state = 'running' AND workers.ended_at IS NOT NULL
      AND jobs.id IN (
        SELECT held.id FROM jobs AS held JOIN workers AS gone ON gone.id = held.worker_id
        WHERE held.state = 'running' AND gone.ended_at IS NOT NULL LIMIT :limit)""",
    )
)

RESCUE_OF_CHILD = sa.text(
    _RESCUE.format(
        peak="CAST(:peak_rss_bytes AS bigint)",
        company="1",
        blameless="false",
        patience=PATIENCE_IN_COMPANY,
        holder="""WHERE jobs.state = 'running' AND jobs.worker_id = :worker_id
      AND jobs.worker_pid = :worker_pid
      AND (CAST(:job_id AS uuid) IS NULL OR jobs.id = CAST(:job_id AS uuid))""",
    )
)

GIVE_BACK = sa.text(
    """
WITH item AS (
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:fences AS bigint[])) AS t (id, fence)
), held AS (
    SELECT item.id,
           CASE WHEN cancel_requested_at IS NOT NULL THEN 'cancelled' ELSE 'scheduled' END AS target
    FROM {held}
), returned AS (
    UPDATE jobs SET
        state = held.target, worker_id = NULL, worker_pid = NULL, rung_at = NULL,
        attempt = greatest(attempt - 1, 0), scheduled_at = :now,
        reason = CASE WHEN held.target = 'scheduled' THEN 'given_back' END,
        finished_at = CASE WHEN held.target = 'cancelled' THEN CAST(:now AS timestamptz) END,
        cancelled_at = CASE WHEN held.target = 'cancelled' THEN CAST(:now AS timestamptz) END,
        event_seq = event_seq + 1
    FROM held WHERE jobs.id = held.id
    RETURNING jobs.id, event_seq, state, reason, cancelled_by, jobs.fence
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now, json_build_object(
        'state', state, 'reason', reason, 'fence', fence, 'cancelled_by', cancelled_by)
    FROM returned
)
SELECT count(*) FROM returned
""".replace("{held}", HELD_BY_ITEM.format(lock="UPDATE"))
)
