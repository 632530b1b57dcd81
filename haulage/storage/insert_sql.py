"""The statements that insert jobs: each with their first events and all that counts them, in one
round trip."""

import sqlalchemy as sa

from haulage.storage.tally_sql import tally

# One JSON text for all rows: the driver writes arrays element by element in Python, 20 of them cost
# the API twice what this does, and PostgreSQL no less.
_ITEM = """
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS row (
        id uuid, tenant text, type text, state text, reason text, queue text, priority smallint,
        tags json, input text, input_ref text, max_attempts int, max_crashes int,
        timeout_s float8, rung_at timestamptz, due timestamptz, deadline timestamptz,
        request_id text, traceparent text, parent_id uuid, created_at timestamptz,
        caller_user text, caller_key text, webhook_id uuid
    )
"""
_ADDED = """
added AS (
    INSERT INTO jobs (id, tenant, type, state, reason, queue, priority, tags, input, input_ref,
                      max_attempts, max_crashes, timeout_s, rung_at, rings, scheduled_at, deadline,
                      request_id, traceparent, parent_id, created_at, caller_user, caller_key,
                      webhook_id, event_seq)
    SELECT id, tenant, type, state, reason, queue, priority,
           CASE WHEN tags IS NULL THEN '{}'
                ELSE ARRAY(SELECT json_array_elements_text(tags)) END,
           CAST(input AS json), input_ref, max_attempts, max_crashes, timeout_s, rung_at,
           CASE WHEN rung_at IS NULL THEN 0 ELSE 1 END, due, deadline, request_id, traceparent,
           parent_id, created_at, caller_user, caller_key, webhook_id, 1
    FROM item
    ON CONFLICT (id) DO NOTHING
    RETURNING id, tenant, queue, type, tags, state, reason, scheduled_at, created_at
), tagged AS (
    INSERT INTO job_tags (tenant, tag, queue, type, created_at, job_id)
    SELECT DISTINCT tenant, unnest(tags), queue, type, created_at, id FROM added WHERE tags <> '{}'
), tallied AS ({tally})
""".replace("{tally}", tally("added", kind="'submitted'", at="created_at"))
_EVENTS = """
INSERT INTO events (job_id, seq, kind, at, data)
SELECT id, 1, 'state', created_at,
       json_build_object('state', state, 'reason', reason, 'scheduled_at', scheduled_at)
FROM added
"""

INSERT = sa.text(f"WITH item AS ({_ITEM}), {_ADDED} {_EVENTS}")

# What a key's lock is called. The tenant's length keeps ("ab", "c") and ("a", "bc") apart.
_LOCK = "hashtextextended(length(tenant) || ':' || tenant || ':' || key, 0)"
TRY_LOCK = sa.text(f"""
SELECT pg_try_advisory_xact_lock({_LOCK})
FROM (VALUES (CAST(:tenant AS text), CAST(:key AS text))) AS named (tenant, key)
""")  # noqa: S608 - our own words
# Keys that are new, with their jobs; the first job of each is answered. A key that is locked is of
# a request under way, one that is there has its jobs: neither is waited for, and nothing is stored.
INSERT_KEYED = sa.text(f"""
WITH asked AS MATERIALIZED (
    SELECT *, pg_try_advisory_xact_lock({_LOCK}) AS is_locked
    FROM json_to_recordset(CAST(:keys AS json)) AS row (
        tenant text, key text, fingerprint text, job_ids uuid[], expires_at timestamptz)
), kept AS (
    INSERT INTO idempotency_keys (tenant, key, fingerprint, job_ids, created_at, expires_at)
    SELECT tenant, key, fingerprint, job_ids, :now, expires_at FROM asked WHERE is_locked
    ON CONFLICT DO NOTHING
    RETURNING job_ids
), item AS (
    SELECT * FROM ({_ITEM}) AS row WHERE id IN (SELECT unnest(job_ids) FROM kept)
), {_ADDED}, noted AS ({_EVENTS})
SELECT job_ids[1] FROM kept
""")  # noqa: S608 - our own parts
