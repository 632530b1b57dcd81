"""A function that submits in the caller's own transaction, and the job types it goes by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Whoever may call it needs no right on any table. It takes what HTTP takes (`submits.py`,
# `intake.py`), with the same limits; docs/how-to/submit-in.md says where it differs.
SUBMIT = r"""
CREATE FUNCTION haulage_submit(
    type text,
    input json DEFAULT '{}',
    queue text DEFAULT NULL,
    priority text DEFAULT 'normal',
    run_at timestamptz DEFAULT NULL,
    deadline timestamptz DEFAULT NULL,
    tags text[] DEFAULT '{}',
    max_attempts int DEFAULT NULL,
    timeout_s float8 DEFAULT NULL,
    idempotency_key text DEFAULT NULL,
    tenant text DEFAULT 'default',
    traceparent text DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
#variable_conflict use_column
DECLARE
    made_at timestamptz := clock_timestamp();
    -- UUIDv7: the milliseconds, then chance, with the version's bits.
    made uuid := encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid()) PLACING substring(
            int8send(floor(extract(epoch FROM made_at) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;
    due boolean := coalesce(haulage_submit.run_at <= made_at, true);
    rank smallint := CASE haulage_submit.priority
        WHEN 'high' THEN 0 WHEN 'normal' THEN 3 WHEN 'low' THEN 6 END;
    declared job_types;
    known idempotency_keys;
    fault text;
    digest text;
BEGIN
    SELECT * INTO declared FROM job_types WHERE name = haulage_submit.type;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'HG001',
            MESSAGE = format('There is no job type %L.', haulage_submit.type),
            HINT = 'A process of Haulage that knows it must have started once on this database.';
    END IF;
    IF haulage_submit.queue <> ALL (declared.queues) THEN
        RAISE EXCEPTION USING ERRCODE = 'HG002',
            MESSAGE = format('Queue %L does not serve %s.', haulage_submit.queue, declared.name),
            HINT = format('It runs on the %s pool, whose queues are: %s.', declared.pool,
                          array_to_string(declared.queues, ', '));
    END IF;
    fault := CASE
        WHEN rank IS NULL THEN '/priority: is high, normal or low'
        WHEN haulage_submit.input IS NULL THEN '/input: is missing'
        WHEN octet_length(haulage_submit.input::text) > 10485760 THEN '/input: is over 10 MiB'
        WHEN cardinality(haulage_submit.tags) > 32 THEN '/tags: at most 32 tags'
        WHEN EXISTS (SELECT FROM unnest(haulage_submit.tags) AS tag
                     WHERE tag IS NULL OR length(tag) NOT BETWEEN 1 AND 200)
            THEN '/tags: a tag has 1 to 200 characters'
        WHEN haulage_submit.max_attempts NOT BETWEEN 1 AND 100 THEN '/max_attempts: is 1 to 100'
        WHEN NOT (haulage_submit.timeout_s > 0 AND haulage_submit.timeout_s <= 86400)
            THEN '/timeout_s: is above 0 and at most 86400'
        WHEN haulage_submit.run_at > made_at + interval '366 days'
            THEN '/run_at: is more than a year ahead'
        WHEN haulage_submit.deadline <= greatest(made_at, haulage_submit.run_at)
            THEN '/deadline: has passed before the job may start'
        WHEN haulage_submit.deadline > made_at + interval '732 days'
            THEN '/deadline: is more than two years ahead'
        WHEN haulage_submit.idempotency_key !~ '^[\x21-\x7e]{1,255}$'
            THEN '/idempotency_key: is 1 to 255 printable ASCII characters'
        WHEN haulage_submit.tenant IS NULL OR haulage_submit.tenant = '' THEN '/tenant: is missing'
    END;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'HG003',
            MESSAGE = 'The submit does not fit.', DETAIL = fault;
    END IF;

    IF haulage_submit.idempotency_key IS NOT NULL THEN
        -- The same lock as over HTTP; here the second one waits for the first one's end.
        PERFORM pg_advisory_xact_lock(hashtextextended(format(
            '%s:%s:%s', length(haulage_submit.tenant), haulage_submit.tenant,
            haulage_submit.idempotency_key), 0));
        digest := encode(sha256(convert_to(json_build_array(
            'haulage_submit', haulage_submit.type, haulage_submit.input, haulage_submit.queue,
            haulage_submit.priority, extract(epoch FROM haulage_submit.run_at),
            extract(epoch FROM haulage_submit.deadline), haulage_submit.tags,
            haulage_submit.max_attempts, haulage_submit.timeout_s)::text, 'UTF8')), 'hex');
        DELETE FROM idempotency_keys
        WHERE tenant = haulage_submit.tenant AND key = haulage_submit.idempotency_key
          AND expires_at <= made_at;
        SELECT * INTO known FROM idempotency_keys
        WHERE tenant = haulage_submit.tenant AND key = haulage_submit.idempotency_key;
        IF FOUND AND known.fingerprint = digest THEN
            RETURN known.job_ids[1];
        ELSIF FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'HG004',
                MESSAGE = 'This idempotency key came with another request before.',
                HINT = 'Take a new key for a new request.';
        END IF;
        INSERT INTO idempotency_keys (tenant, key, fingerprint, job_ids, created_at, expires_at)
        VALUES (haulage_submit.tenant, haulage_submit.idempotency_key, digest, ARRAY[made],
                made_at, made_at + interval '24 hours');
    END IF;

    INSERT INTO jobs (id, tenant, type, state, reason, queue, priority, tags, input, max_attempts,
                      max_crashes, timeout_s, created_at, scheduled_at, deadline, traceparent,
                      event_seq)
    VALUES (made, haulage_submit.tenant, declared.name,
            CASE WHEN due THEN 'queued' ELSE 'scheduled' END,
            CASE WHEN NOT due THEN 'run_at' END,
            coalesce(haulage_submit.queue, declared.queue), rank,
            coalesce(haulage_submit.tags, '{}'), haulage_submit.input,
            coalesce(haulage_submit.max_attempts, declared.max_attempts), declared.max_crashes,
            coalesce(haulage_submit.timeout_s, declared.timeout_s), made_at,
            CASE WHEN due THEN made_at ELSE haulage_submit.run_at END, haulage_submit.deadline,
            haulage_submit.traceparent, 1);
    INSERT INTO job_tags (tenant, tag, queue, type, created_at, job_id)
    SELECT DISTINCT haulage_submit.tenant, tag, coalesce(haulage_submit.queue, declared.queue),
           declared.name, made_at, made
    FROM unnest(haulage_submit.tags) AS tag;
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, 1, 'state', created_at,
           json_build_object('state', state, 'reason', reason, 'scheduled_at', scheduled_at)
    FROM jobs WHERE id = made;
    IF due THEN
        -- Delivered at the caller's commit, once for all its submits.
        PERFORM pg_notify('haulage_submitted', '');
    END IF;
    RETURN made;
END
$$
"""

# Its own path, so that nobody's table or function of another schema gets in between.
PATH = """
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION haulage_submit SET search_path = %I, pg_temp', current_schema());
END $$
"""


def upgrade() -> None:
    op.create_table(
        "job_types",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("queues", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("max_crashes", sa.Integer(), nullable=False),
        sa.Column("timeout_s", sa.Float(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("pool IN ('cpu', 'io')", name=op.f("ck_job_types_pool")),
        sa.CheckConstraint("queue = ANY (queues)", name=op.f("ck_job_types_queue")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_types")),
    )
    # As they stand: no colon and no percent sign in them is a parameter.
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(SUBMIT)
    connection.exec_driver_sql(PATH)
    connection.exec_driver_sql("REVOKE ALL ON FUNCTION haulage_submit FROM PUBLIC")


def downgrade() -> None:
    op.execute("DROP FUNCTION haulage_submit")
    op.drop_table("job_types")
