"""The statements of `delivery_store.py`."""

import sqlalchemy as sa

# Each endpoint has so many places, less those that are taken. Of a job's deliveries to one endpoint
# only the first that is not over may go.
DUE = sa.text("""
SELECT due.*, webhook.url, webhook.secrets, webhook.failures,
       (SELECT traceparent FROM jobs WHERE jobs.id = due.job_id) AS traceparent
FROM webhooks AS webhook
LEFT JOIN unnest(CAST(:webhook_ids AS uuid[]), CAST(:places AS int[])) AS known (id, places)
    ON known.id = webhook.id
CROSS JOIN LATERAL (
    SELECT id, webhook_id, event, job_id, seq, about, at, tries, tried, due_at
    FROM webhook_deliveries AS delivery
    WHERE delivery.webhook_id = webhook.id AND state = 'pending' AND due_at <= :now
      AND id <> ALL (CAST(:under_way AS uuid[]))
      AND NOT EXISTS (
          SELECT FROM webhook_deliveries AS earlier
          WHERE earlier.webhook_id = webhook.id AND earlier.job_id = delivery.job_id
            AND earlier.seq < delivery.seq AND earlier.state = 'pending')
    ORDER BY due_at
    LIMIT CASE WHEN webhook.failures = 0 THEN coalesce(known.places, :most)
               ELSE least(coalesce(known.places, 1), 1) END
) AS due
WHERE webhook.disabled_at IS NULL AND (webhook.rest_until IS NULL OR webhook.rest_until <= :now)
ORDER BY due.due_at
LIMIT :limit
""")

# A try counts once: whoever counted it in the meantime has moved `tried` on.
RECORD = sa.text("""
WITH item AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:tried AS int[]), CAST(:states AS text[]),
        CAST(:due AS timestamptz[]), CAST(:statuses AS int[]), CAST(:faults AS text[]),
        CAST(:excerpts AS text[]), CAST(:took AS float8[])
    ) AS t (id, tried, state, due, status, fault, excerpt, took_s)
), held AS (
    SELECT item.* FROM (SELECT * FROM item ORDER BY id) AS item CROSS JOIN LATERAL (
        SELECT state, tried FROM webhook_deliveries WHERE webhook_deliveries.id = item.id
        OFFSET 0 FOR UPDATE
    ) AS kept
    WHERE kept.state = 'pending' AND kept.tried = item.tried
)
UPDATE webhook_deliveries AS kept SET
    state = held.state, tries = kept.tries + 1, tried = kept.tried + 1, tried_at = :now,
    due_at = coalesce(held.due, kept.due_at),
    ended_at = CASE WHEN held.state <> 'pending' THEN CAST(:now AS timestamptz) END,
    status = held.status, fault = held.fault, excerpt = held.excerpt, took_s = held.took_s
FROM held WHERE kept.id = held.id
RETURNING kept.id
""")

JUDGE = sa.text("""
WITH item AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:answered AS boolean[]), CAST(:failures AS int[]),
        CAST(:rests AS float8[]), CAST(:gone AS boolean[])
    ) AS t (id, answered, failures, rest_s, gone)
), counted AS (
    SELECT item.*, webhooks.tenant, webhooks.name,
           item.failures + CASE WHEN answered THEN 0 ELSE webhooks.failures END AS in_row,
           CASE WHEN item.failures = 0 AND answered THEN NULL
                WHEN answered THEN CAST(:now AS timestamptz)
                ELSE coalesce(webhooks.failing_since, :now) END AS since
    FROM item JOIN webhooks ON webhooks.id = item.id AND webhooks.disabled_at IS NULL
    ORDER BY item.id FOR UPDATE OF webhooks
), judged AS (
    UPDATE webhooks SET
        failures = counted.in_row, failing_since = counted.since,
        rest_until = CASE WHEN counted.in_row >= :patience OR rest_s IS NOT NULL
            THEN CAST(:now AS timestamptz) + make_interval(secs => greatest(
                CASE WHEN counted.in_row < :patience THEN 0 ELSE
                     least(:longest_s, 5 * 2 ^ least(counted.in_row - :patience, 20)) END,
                coalesce(rest_s, 0))) END,
        disabled_at = CASE WHEN gone OR counted.since < :lasting_since
                           THEN CAST(:now AS timestamptz) END,
        disabled_by = CASE WHEN gone THEN 'gone' WHEN counted.since < :lasting_since
                           THEN 'failing' END
    FROM counted WHERE webhooks.id = counted.id
    RETURNING webhooks.id, webhooks.tenant, webhooks.name, webhooks.disabled_at,
              webhooks.disabled_by, webhooks.failing_since
), off AS (
    SELECT * FROM judged WHERE disabled_at IS NOT NULL
), told AS (
    INSERT INTO webhook_deliveries (id, webhook_id, event, at, due_at, about)
    SELECT gen_random_uuid(), other.id, 'webhook.disabled', :now, :now,
           json_build_object('id', off.id, 'name', off.name, 'reason', off.disabled_by,
                             'failing_since', off.failing_since)
    FROM off JOIN webhooks AS other ON other.tenant = off.tenant AND other.disabled_at IS NULL
      AND other.id <> off.id AND 'webhook.disabled' = ANY (other.events)
)
SELECT id, name, disabled_by FROM off
""")

# Beside what JUDGE sees: deliveries of those that were switched off go no further by themselves.
GIVE_UP = sa.text("""
UPDATE webhook_deliveries SET state = 'failed', ended_at = :now, fault = 'webhook_disabled'
WHERE webhook_id = ANY (CAST(:ids AS uuid[])) AND state = 'pending'
""")

# In their old places within their jobs, and tried anew from the first of the delays on.
REPLAY = sa.text("""
WITH again AS (
    SELECT id FROM webhook_deliveries
    WHERE webhook_id = :webhook_id AND state <> 'pending'
      AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY (CAST(:ids AS uuid[])))
      AND (CAST(:state AS text) IS NULL OR state = :state)
      AND (CAST(:since AS timestamptz) IS NULL OR at >= :since)
    ORDER BY id FOR UPDATE
)
UPDATE webhook_deliveries SET state = 'pending', tries = 0, due_at = :now, ended_at = NULL
FROM again WHERE webhook_deliveries.id = again.id
RETURNING webhook_deliveries.id
""")
