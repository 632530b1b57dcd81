"""The statements of `dispatch_store.py` that move jobs, all but the rings (`ring_sql.py`)."""

import sqlalchemy as sa

from haulage.domain.fingerprint import digest_of
from haulage.storage.job_sql import HELD_BY_ITEM
from haulage.storage.outbox_sql import TOLD, outbox
from haulage.storage.tally_sql import tally_ends

# The last resort where no process of its own could be had: so many deaths in company count as one's
# own, unless somebody in it saw more of them.
PATIENCE_IN_COMPANY = 10

LATE = "The deadline passed before the job could run."
# The number of deaths follows; it makes no difference to a fingerprint.
KILLED = "The worker running this job died "
# Of the last death; the number is a setting.
TOO_LARGE = (
    "' The last time it was killed for taking more than ' || CAST(:limit_mb AS int) || ' MB, which "
    "is the limit of a cpu process (HAULAGE_ENGINE_CHILD_LIMIT_MB).'"
)
BLOCKED = (
    "Its handler held the event loop for longer than a lease, so that its worker had to end. Code "
    "that blocks belongs into a plain def handler, or into asyncio.to_thread."
)

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

EXPIRE = sa.text(
    """
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
            'message', '{late}'),
        fingerprint = type || ':' || '{digest}',
        error_text = lower('deadline {late}')
    FROM late WHERE jobs.id = late.id
    RETURNING jobs.id, event_seq, error, state, tenant, type, queue, started_at, price_credits,
              {returned}
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now,
           json_build_object('state', 'failed', 'reason', 'deadline', 'error', error)
    FROM failed
), tallied AS ({tally}
), told AS ({outbox})
SELECT id, price_credits IS NOT NULL AS is_charged FROM failed
""".replace("{tally}", tally_ends("failed", code="'deadline'"))
    .replace("{outbox}", outbox("failed", code="'deadline'"))
    .replace("{returned}", TOLD)
    .replace("{late}", LATE)
    .replace("{digest}", digest_of("deadline", LATE))
)

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
           {peak} AS peak_rss_bytes, {company} AS company, {most_suspicious} AS most_suspicious,
           {held_loop} AS held_loop,
           cancel_requested_at, crashes, max_crashes, suspicion, {blameless} AS blameless
    FROM jobs {holder}
    ORDER BY jobs.id
    FOR UPDATE OF jobs SKIP LOCKED
), counted AS (
    SELECT *, CASE WHEN blameless THEN 0
                   WHEN company = 1 THEN 1
                   WHEN most_suspicious AND suspicion + 1 >= {patience} THEN 1 ELSE 0 END AS crash
    FROM orphan
), judged AS (
    SELECT *, CASE WHEN cancel_requested_at IS NOT NULL THEN 'cancelled'
                   WHEN crash = 1 AND crashes + 1 >= max_crashes THEN 'failed'
                   ELSE 'scheduled' END AS target,
           CASE WHEN held_loop THEN '{blocked}'
                ELSE '{killed}' || (crashes + 1) || ' times.' || {because} END AS message
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
        -- `scheduled_at` stays: it has had its turn, and comes before those that wait for theirs.
        finished_at = CASE WHEN judged.target <> 'scheduled' THEN CAST(:now AS timestamptz) END,
        cancelled_at = CASE WHEN judged.target = 'cancelled' THEN CAST(:now AS timestamptz) END,
        error = CASE judged.target WHEN 'failed' THEN json_build_object(
            'code', 'quarantined', 'retryable', false, 'message', message) END,
        fingerprint = CASE judged.target WHEN 'failed' THEN type || ':' ||
            CASE WHEN held_loop THEN '{blocked_digest}' ELSE '{digest}' END END,
        error_text = CASE judged.target WHEN 'failed' THEN lower('quarantined ' || message) END,
        event_seq = event_seq + 1
    FROM judged WHERE jobs.id = judged.id
    RETURNING jobs.id, type, queue, state, jobs.crashes, crash, company, event_seq, reason,
              cancelled_by, error, jobs.fence, tenant, jobs.started_at, price_credits,
              {returned}
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now, json_build_object(
        'state', state, 'reason', reason, 'crashes', crashes, 'company', company,
        'fence', fence, 'cancelled_by', cancelled_by, 'error', error)
    FROM rescued
), tallied AS ({tally}
), told AS ({outbox})
SELECT id, type, queue, state, crashes, crash, company,
       price_credits IS NOT NULL AND state <> 'scheduled' AS is_charged FROM rescued
"""

QUARANTINED = "CASE WHEN state = 'failed' THEN 'quarantined' END"
# All that the worker still runs by the table, and what of it was rescued before.
_COMPANY = """CASE WHEN workers.blocked_by = jobs.id THEN 1 ELSE (
        SELECT count(*) FROM jobs AS other
        WHERE other.state = 'running' AND other.worker_id = workers.id
    ) + (
        SELECT count(*) FROM crashes
        WHERE crashes.worker_id = workers.id AND noticed_at >= workers.ended_at AND company > 1
    ) END"""

_MOST_SUSPICIOUS = """suspicion >= (
        SELECT max(other.suspicion) FROM jobs AS other
        WHERE other.state = 'running' AND other.worker_id = workers.id)"""

_WORDS = {
    "tally": tally_ends("rescued WHERE state <> 'scheduled'", code=QUARANTINED),
    "outbox": outbox("rescued WHERE state <> 'scheduled'", code=QUARANTINED),
    "returned": TOLD,
    "patience": PATIENCE_IN_COMPANY,
    "killed": KILLED,
    "digest": digest_of("quarantined", KILLED + "1 times."),
    "blocked": BLOCKED,
    "blocked_digest": digest_of("quarantined", BLOCKED),
}

RESCUE_ORPHANS = sa.text(
    _RESCUE.format(
        peak="workers.rss_bytes",
        because="''",
        company=_COMPANY,
        most_suspicious=_MOST_SUSPICIOUS,
        held_loop="workers.blocked_by IS NOT DISTINCT FROM jobs.id",
        # A worker that said goodbye did not die of its jobs; it only could not give them back. And
        # where it is known who held the loop, nobody else is suspected.
        blameless="""(workers.end_reason IS NOT DISTINCT FROM 'stopped'
               OR workers.blocked_by IS NOT NULL AND workers.blocked_by <> jobs.id)""",
        **_WORDS,
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
        because=f"coalesce({TOO_LARGE}, '')",
        company="1",
        most_suspicious="true",
        held_loop="false",
        blameless="false",
        **_WORDS,
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
        attempt = greatest(attempt - 1, 0),
        reason = CASE WHEN held.target = 'scheduled' THEN 'given_back' END,
        finished_at = CASE WHEN held.target = 'cancelled' THEN CAST(:now AS timestamptz) END,
        cancelled_at = CASE WHEN held.target = 'cancelled' THEN CAST(:now AS timestamptz) END,
        event_seq = event_seq + 1
    FROM held WHERE jobs.id = held.id
    RETURNING jobs.id, event_seq, state, reason, cancelled_by, jobs.fence, tenant, type, queue,
              started_at, price_credits,
              {returned}
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now, json_build_object(
        'state', state, 'reason', reason, 'fence', fence, 'cancelled_by', cancelled_by)
    FROM returned
), tallied AS ({tally}
), told AS ({outbox})
SELECT id, price_credits IS NOT NULL AND state = 'cancelled' AS is_charged FROM returned
""".replace("{tally}", tally_ends("returned WHERE state = 'cancelled'"))
    .replace("{outbox}", outbox("returned WHERE state = 'cancelled'"))
    .replace("{returned}", TOLD)
    .replace("{held}", HELD_BY_ITEM.format(lock="UPDATE"))
)
