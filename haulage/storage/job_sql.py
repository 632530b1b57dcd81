"""The statements of `job_store.py`. Each does its state change and its event in one round trip.

Rows are locked in the order of their ids wherever a statement takes many, so that two batches can
never wait for each other in a circle.
"""

import sqlalchemy as sa

from haulage.domain.lifecycle import TERMINAL, State, sources
from haulage.storage.outbox_sql import TOLD, outbox
from haulage.storage.tally_sql import tally, tally_ends, waited


def states(*some: State) -> str:
    """States as an SQL list."""
    return ", ".join(f"'{state.value}'" for state in some)


TERMINAL_STATES = states(*sorted(TERMINAL))
# A job that was there when this many workers died in company is a suspect: it should run alone.
ISOLATE_AFTER = 3
RETRYING = "state = 'scheduled' AND reason = 'retry'"
NOT_YET_RUNNING = states(*(state for state in sources(State.CANCELLED) if state != State.RUNNING))

# After FROM: the running rows that `item (id, fence, …)` names, locked in the order of their ids.
# Each is found by its key. With statistics from an idle moment the planner takes the index of
# running jobs for empty and reads all of it for every item, unless OFFSET keeps the state out of
# the inner query.
HELD_BY_ITEM = """(SELECT * FROM item ORDER BY id) AS item CROSS JOIN LATERAL (
        SELECT state, fence, event_seq, cancel_requested_at
        FROM jobs WHERE jobs.id = item.id
        OFFSET 0 FOR {lock}
    ) AS job
    WHERE job.fence = item.fence AND job.state = 'running'"""

# What a job has used, and more: the columns of `held`, where NULL adds nothing.
ADD_USAGE = """json_build_object(
        'calls', coalesce((jobs.usage->>'calls')::bigint, 0) + coalesce(held.calls, 0),
        'input_tokens', coalesce((jobs.usage->>'input_tokens')::bigint, 0)
                        + coalesce(held.input_tokens, 0),
        'output_tokens', coalesce((jobs.usage->>'output_tokens')::bigint, 0)
                         + coalesce(held.output_tokens, 0),
        'cost', coalesce((jobs.usage->>'cost')::float8, 0) + coalesce(held.cost, 0))"""

CLAIM = sa.text(
    """
WITH wanted AS (
    -- How long it ran before its worker was gone is no latency.
    SELECT id, CASE WHEN reason IN ('rescued', 'given_back') THEN CAST(:now AS timestamptz)
                    ELSE scheduled_at END AS due_at
    FROM jobs
    WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'queued'
      AND (deadline IS NULL OR deadline > :now)
      AND queue <> ALL (ARRAY(SELECT name FROM queues WHERE paused_at IS NOT NULL))
      AND (NOT jobs.alone OR :alone)
      -- An incarnation that was declared dead, or told to leave, takes nothing more.
      AND EXISTS (SELECT 1 FROM workers
                  WHERE workers.id = :worker_id AND ended_at IS NULL AND drain_at IS NULL)
    ORDER BY id
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE jobs SET
        state = 'running', reason = NULL, worker_id = :worker_id, worker_pid = :worker_pid,
        -- A snooze or a rescue refunds the attempt, never the fence.
        fence = fence + 1, attempt = attempt + 1, event_seq = event_seq + 1,
        claimed_at = :now, started_at = coalesce(started_at, :now)
    FROM wanted WHERE jobs.id = wanted.id
    RETURNING jobs.id, fence, type, queue, tenant, CAST(input AS text) AS input, input_ref, attempt,
              max_attempts, run, timeout_s, due_at, deadline, request_id, traceparent,
              parent_id, priority, caller_user, caller_key, usage, event_seq
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now,
           json_build_object('state', 'running', 'attempt', attempt, 'fence', fence)
    FROM claimed
), tallied AS ({tally})
SELECT * FROM claimed
""".replace(
        "{tally}",
        tally("claimed", kind="'started'", at=":now", seconds=waited("due_at", ":now")),
    )
)

SETTLE = sa.text(
    """
WITH item AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:states AS text[]),
        CAST(:reasons AS text[]), CAST(:due AS timestamptz[]), CAST(:results AS text[]),
        CAST(:result_refs AS text[]), CAST(:result_sizes AS bigint[]), CAST(:errors AS text[]),
        CAST(:error_texts AS text[]), CAST(:digests AS text[]), CAST(:calls AS int[]),
        CAST(:input_tokens AS bigint[]), CAST(:output_tokens AS bigint[]),
        CAST(:costs AS float8[]), CAST(:refunds AS boolean[]), CAST(:codes AS text[]),
        CAST(:holdups AS text[])
    ) AS t (id, fence, state, reason, due, result, result_ref, result_size, error, error_text,
            digest, calls, input_tokens, output_tokens, cost, refund, code, holdup)
), held AS (
    SELECT item.*,
           -- A cancel that was asked for wins over another attempt, never over a result.
           CASE WHEN job.cancel_requested_at IS NOT NULL
                     AND item.state IN ('scheduled', 'waiting')
                THEN 'cancelled' ELSE item.state END AS target
    FROM {held}
), settled AS (
    UPDATE jobs SET
        state = held.target,
        reason = CASE WHEN held.target IN ('scheduled', 'waiting') THEN held.reason END,
        scheduled_at = coalesce(held.due, scheduled_at),
        rung_at = NULL, worker_id = NULL, worker_pid = NULL,
        settled_fence = held.fence,
        -- What has ended an attempt in a process of its own is no killer.
        suspicion = CASE WHEN alone THEN 0 ELSE suspicion END,
        attempt = attempt - CASE WHEN held.refund THEN 1 ELSE 0 END,
        result = CAST(held.result AS json), result_ref = held.result_ref,
        result_size = held.result_size,
        error = CASE WHEN held.target IN ('failed', 'scheduled')
                     THEN coalesce(CAST(held.error AS json), jobs.error) END,
        error_text = CASE WHEN held.target IN ('failed', 'scheduled')
                          THEN coalesce(held.error_text, jobs.error_text) END,
        -- The other half is in the row (domain/fingerprint.py).
        fingerprint = CASE WHEN held.target = 'failed' THEN type || ':' || held.digest END,
        usage = CASE WHEN held.calls IS NULL AND held.input_tokens IS NULL
                          AND held.output_tokens IS NULL AND held.cost IS NULL THEN usage
                     ELSE {usage} END,
        finished_at = CASE WHEN held.target IN ({terminal}) THEN CAST(:now AS timestamptz) END,
        cancelled_at = CASE WHEN held.target = 'cancelled' THEN CAST(:now AS timestamptz) END,
        -- Without a name in the row it came through Celery's own control.
        cancelled_by = CASE WHEN held.target = 'cancelled'
                            THEN coalesce(cancelled_by, 'celery revoke') END,
        event_seq = event_seq + 1
    FROM held WHERE jobs.id = held.id
    RETURNING jobs.id, jobs.fence, jobs.event_seq, jobs.state, jobs.reason,
              jobs.scheduled_at, jobs.cancelled_by, jobs.result_size, held.error, held.code,
              held.holdup, jobs.tenant, jobs.type, jobs.queue, jobs.started_at, {returned},
              jobs.price_credits
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now, CASE state
        WHEN 'succeeded' THEN json_build_object(
            'state', state, 'attempt', attempt, 'fence', fence, 'result_size', result_size)
        WHEN 'cancelled' THEN json_build_object(
            'state', state, 'attempt', attempt, 'fence', fence, 'cancelled_by', cancelled_by)
        ELSE json_build_object(
            'state', state, 'attempt', attempt, 'fence', fence, 'reason', reason,
            'scheduled_at', CASE WHEN state = 'scheduled' THEN scheduled_at END,
            'error', CAST(error AS json), 'waits_for', CAST(holdup AS json)) END
    FROM settled
), tallied AS ({tally}
), told AS ({outbox})
SELECT id, fence, price_credits IS NOT NULL AND state IN ({terminal}) AS is_charged FROM settled
""".replace("{tally}", tally_ends("settled WHERE state IN ({terminal})", code="code"))
    .replace(
        "{outbox}", outbox(f"settled WHERE state IN ({TERMINAL_STATES}) OR {RETRYING}", code="code")
    )
    .replace("{returned}", TOLD)
    .replace("{terminal}", TERMINAL_STATES)
    .replace("{held}", HELD_BY_ITEM.format(lock="UPDATE"))
    .replace("{usage}", ADD_USAGE)
)

# The same outcome again, after an answer that was lost. Each lease has one event of its end.
SETTLED_BEFORE = sa.text("""
SELECT item.place
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:fences AS bigint[]), CAST(:states AS text[]),
    CAST(:reasons AS text[]), CAST(:results AS text[]), CAST(:result_refs AS text[]),
    CAST(:errors AS text[])
) WITH ORDINALITY AS item (id, fence, state, reason, result, result_ref, error, place)
CROSS JOIN LATERAL (
    SELECT settled_fence, result, result_ref, cancel_requested_at FROM jobs
    WHERE jobs.id = item.id OFFSET 0
) AS jobs
CROSS JOIN LATERAL (
    SELECT data FROM events WHERE events.job_id = item.id AND kind = 'state'
      AND data->>'fence' = CAST(item.fence AS text) AND data->>'state' <> 'running'
    OFFSET 0
) AS events
WHERE jobs.settled_fence = item.fence AND CASE events.data->>'state'
    WHEN 'succeeded' THEN item.state = 'succeeded'
        AND jobs.result_ref IS NOT DISTINCT FROM item.result_ref
        AND CAST(jobs.result AS text) IS NOT DISTINCT FROM item.result
    -- A cancel that was asked for has won over a retry or a snooze.
    WHEN 'cancelled' THEN item.state = 'cancelled'
        OR jobs.cancel_requested_at IS NOT NULL AND item.state IN ('scheduled', 'waiting')
    ELSE item.state = events.data->>'state'
        AND (item.state = 'failed' OR item.reason = events.data->>'reason')
        AND item.error IS NOT DISTINCT FROM events.data->>'error'
    END
""")

CANCEL = sa.text(
    """
WITH held AS (
    SELECT id, state, worker_id, price_credits FROM jobs
    WHERE id = ANY(CAST(:ids AS uuid[]))
      AND (CAST(:tenant AS text) IS NULL OR tenant = CAST(:tenant AS text))
      AND (state IN ({waiting}) OR NOT CAST(:only_waiting AS boolean))
    ORDER BY id
    FOR UPDATE
), ended AS (
    UPDATE jobs SET
        state = 'cancelled', reason = NULL, rung_at = NULL, finished_at = :now,
        cancel_requested_at = coalesce(cancel_requested_at, :now),
        cancelled_at = :now, cancelled_by = :by, event_seq = event_seq + 1,
        -- NULL already. But PostgreSQL checks a row made from the version that this statement's
        -- snapshot saw, which may have been running, before it notices the newer one.
        worker_id = NULL, worker_pid = NULL
    FROM held WHERE jobs.id = held.id AND held.state IN ({waiting})
    RETURNING jobs.id, event_seq, jobs.state, tenant, type, queue, started_at, {returned}
), tallied AS ({tally}
), told AS ({outbox}
), asked AS (
    UPDATE jobs SET cancel_requested_at = :now, cancelled_by = :by,
        -- Its end is an event by itself; why it is asked for is told here.
        event_seq = event_seq + CASE WHEN CAST(:bulk AS text) IS NULL THEN 0 ELSE 1 END
    FROM held WHERE jobs.id = held.id AND held.state = 'running' AND cancel_requested_at IS NULL
    RETURNING jobs.id, event_seq
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now, json_strip_nulls(json_build_object(
        'state', 'cancelled', 'cancelled_by', CAST(:by AS text),
        'bulk', CAST(:bulk AS text), 'why', CAST(:why AS text)))
    FROM ended
    UNION ALL
    SELECT id, event_seq, 'log', :now, json_build_object(
        'message', 'cancel requested', 'fields', json_strip_nulls(json_build_object(
            'by', CAST(:by AS text), 'bulk', CAST(:bulk AS text), 'why', CAST(:why AS text))))
    FROM asked WHERE CAST(:bulk AS text) IS NOT NULL
)
SELECT id, state AS before, worker_id,
       price_credits IS NOT NULL AND state IN ({waiting}) AS is_charged FROM held
""".replace("{waiting}", NOT_YET_RUNNING)
    .replace("{tally}", tally_ends("ended"))
    .replace("{outbox}", outbox("ended"))
    .replace("{returned}", TOLD)
)

LOCK = sa.text("""
SELECT id FROM jobs WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")

WAKE_PARENTS = sa.text(
    """
WITH ready AS (
    SELECT id FROM jobs AS parent
    WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'waiting' AND NOT EXISTS (
        SELECT 1 FROM jobs AS child
        WHERE child.parent_id = parent.id AND child.state NOT IN ({terminal}))
    ORDER BY id
), woken AS (
    UPDATE jobs SET state = 'queued', reason = NULL, rung_at = NULL, scheduled_at = :now,
                    event_seq = event_seq + 1
    FROM ready WHERE jobs.id = ready.id
    RETURNING jobs.id, event_seq
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'state', :now,
           json_build_object('state', 'queued', 'reason', 'children')
    FROM woken
)
SELECT id FROM woken
""".replace("{terminal}", TERMINAL_STATES)
)
