"""Jobs, and the requests that made them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from haulage.domain.lifecycle import State
from haulage.storage.tables.base import TERMINAL_STATE, Moment, metadata, one_of

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False, server_default="default"),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False, server_default="3"),
    sa.Column("tags", ARRAY(sa.Text), nullable=False, server_default="{}"),
    # `json`, not `jsonb`: the text comes back byte for byte, and no content is refused.
    sa.Column("input", sa.JSON),
    sa.Column("input_ref", sa.Text),
    sa.Column("result", sa.JSON),
    sa.Column("result_ref", sa.Text),
    sa.Column("result_size", sa.BigInteger),
    sa.Column("error", sa.JSON),
    # Which failures are the same one (domain/fingerprint.py).
    sa.Column("fingerprint", sa.Text),
    # The beginning of the error's code and message in small letters (`settlement.error_text`).
    sa.Column("error_text", sa.Text),
    sa.Column("progress", sa.JSON),
    sa.Column("usage", sa.JSON),
    sa.Column("run", sa.Integer, nullable=False, server_default="1"),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("max_crashes", sa.Integer, nullable=False, server_default="3"),
    # Deaths of workers that ran other jobs as well: nobody knows whose fault they were.
    sa.Column("suspicion", sa.Integer, nullable=False, server_default="0"),
    # Its last ring was for a process of its own; there are few such places.
    sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("timeout_s", sa.Float, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("settled_fence", sa.BigInteger),
    sa.Column("event_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("worker_id", UUID(as_uuid=True)),
    sa.Column("worker_pid", sa.Integer),
    sa.Column("rings", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rung_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("scheduled_at", Moment, nullable=False),
    sa.Column("deadline", Moment),
    sa.Column("claimed_at", Moment),
    sa.Column("started_at", Moment),
    sa.Column("finished_at", Moment),
    sa.Column("cancel_requested_at", Moment),
    sa.Column("cancelled_by", sa.Text),
    sa.Column("cancelled_at", Moment),
    sa.Column("request_id", sa.Text),
    sa.Column("traceparent", sa.Text),
    # Who submitted it, where that is known: limits of providers count for users and keys, too.
    sa.Column("caller_user", sa.Text),
    sa.Column("caller_key", sa.Text),
    sa.Column("parent_id", UUID(as_uuid=True)),
    # The endpoint that its submit named; it may be gone by now.
    sa.Column("webhook_id", UUID(as_uuid=True)),
    # A failed job that somebody has put aside; the others are the dead letters.
    sa.Column("discarded_at", Moment),
    sa.Column("discarded_by", sa.Text),
    # Credits: what each run reserves, and what those that are over have come to. NULL: not charged.
    sa.Column("price_credits", sa.BigInteger),
    sa.Column("cost_credits", sa.BigInteger),
    sa.CheckConstraint(one_of("state", [state.value for state in State]), name="state"),
    sa.CheckConstraint(f"({TERMINAL_STATE}) = (finished_at IS NOT NULL)", name="finished"),
    sa.CheckConstraint("(state = 'running') = (worker_id IS NOT NULL)", name="leased"),
    sa.CheckConstraint(
        "(state = 'succeeded') = (result IS NOT NULL OR result_ref IS NOT NULL)", name="result"
    ),
    sa.CheckConstraint("state <> 'failed' OR error IS NOT NULL", name="error"),
    sa.CheckConstraint("(state = 'failed') = (fingerprint IS NOT NULL)", name="fingerprint"),
    sa.CheckConstraint("(error_text IS NULL) = (error IS NULL)", name="error_text"),
    sa.CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
    sa.CheckConstraint("input IS NOT NULL OR input_ref IS NOT NULL", name="input"),
    sa.CheckConstraint("priority IN (0, 3, 6)", name="priority"),
    sa.CheckConstraint("attempt >= 0 AND run >= 1 AND fence >= 0", name="counts"),
    sa.CheckConstraint("max_attempts >= 1 AND timeout_s > 0", name="limits"),
    sa.CheckConstraint(
        "CASE WHEN price_credits IS NULL THEN cost_credits IS NULL "
        "ELSE price_credits > 0 AND coalesce(cost_credits, 0) BETWEEN 0 AND run * price_credits "
        "END",
        name="credits",
    ),
    sa.CheckConstraint("discarded_at IS NULL OR state = 'failed'", name="discarded"),
    # Room on each page for the claimed and the settled version of a row.
    postgresql_with={"fillfactor": "60"},
)
# For indexes in which a key occurs once for each version of one row, few of which live: to look for
# duplicates whenever a page is full took a tenth of all that PostgreSQL does for a job.
UNIQUE_KEYS = {"deduplicate_items": "off"}
sa.event.listen(jobs, "after_create", sa.DDL("ALTER INDEX pk_jobs SET (deduplicate_items = 'off')"))
# The order of lists. The others are in lanes: the jobs of one queue, type and state lie together
# (storage/job_lists.py).
sa.Index(
    "ix_jobs_created",
    jobs.c.tenant,
    jobs.c.created_at,
    jobs.c.id,
    postgresql_with=UNIQUE_KEYS,
)
LANE = (jobs.c.tenant, jobs.c.queue, jobs.c.type, jobs.c.state)
sa.Index("ix_jobs_lanes_created", *LANE, jobs.c.created_at, jobs.c.id, postgresql_with=UNIQUE_KEYS)
sa.Index(
    "ix_jobs_lanes_started",
    *LANE,
    jobs.c.started_at,
    jobs.c.id,
    postgresql_where=sa.text("started_at IS NOT NULL"),
    postgresql_with=UNIQUE_KEYS,
)
sa.Index(
    "ix_jobs_lanes_finished",
    *LANE,
    jobs.c.finished_at,
    jobs.c.id,
    postgresql_where=sa.text("finished_at IS NOT NULL"),
    postgresql_with=UNIQUE_KEYS,
)
# Few jobs fail: their texts are read through from the index alone.
sa.Index(
    "ix_jobs_lanes_errors",
    *LANE,
    jobs.c.created_at,
    jobs.c.id,
    postgresql_include=["error_text"],
    postgresql_where=sa.text("error_text IS NOT NULL"),
)
sa.Index(
    "ix_jobs_due",
    jobs.c.scheduled_at,
    postgresql_where=sa.text("state = 'scheduled'"),
)
# A tenant's lane is a range of it, and each lane is in the order of its turns.
sa.Index(
    "ix_jobs_unrung",
    jobs.c.queue,
    jobs.c.tenant,
    jobs.c.priority,
    jobs.c.scheduled_at,
    jobs.c.id,
    postgresql_where=sa.text("state = 'queued' AND rung_at IS NULL"),
)
sa.Index(
    "ix_jobs_rung",
    jobs.c.queue,
    jobs.c.rung_at,
    postgresql_where=sa.text("state = 'queued' AND rung_at IS NOT NULL"),
)
sa.Index("ix_jobs_leased", jobs.c.worker_id, postgresql_where=sa.text("state = 'running'"))
sa.Index(
    "ix_jobs_alone",
    jobs.c.id,
    postgresql_where=sa.text("alone AND state IN ('queued', 'running')"),
)
sa.Index(
    "ix_jobs_deadline",
    jobs.c.deadline,
    postgresql_where=sa.text(
        "deadline IS NOT NULL AND state IN ('scheduled', 'queued', 'waiting')"
    ),
)
sa.Index(
    "ix_jobs_parent",
    jobs.c.parent_id,
    jobs.c.created_at,
    jobs.c.id,
    postgresql_where=sa.text("parent_id IS NOT NULL"),
)
sa.Index("ix_jobs_waiting", jobs.c.id, postgresql_where=sa.text("state = 'waiting'"))
sa.Index(
    "ix_jobs_dead",
    jobs.c.tenant,
    jobs.c.created_at,
    jobs.c.id,
    postgresql_where=sa.text("state = 'failed' AND discarded_at IS NULL"),
)
sa.Index(
    "ix_jobs_fingerprint",
    jobs.c.tenant,
    jobs.c.fingerprint,
    jobs.c.finished_at,
    postgresql_where=sa.text("state = 'failed' AND discarded_at IS NULL"),
)
sa.Index(
    "ix_jobs_finished",
    jobs.c.finished_at,
    postgresql_where=sa.text("finished_at IS NOT NULL"),
)
# Few rows have their input or result elsewhere; the janitor asks which blobs nobody names.
sa.Index("ix_jobs_input_ref", jobs.c.input_ref, postgresql_where=jobs.c.input_ref.is_not(None))
sa.Index("ix_jobs_result_ref", jobs.c.result_ref, postgresql_where=jobs.c.result_ref.is_not(None))

# The tags of jobs in the order of lists. Nothing in it ever changes: it is written once, where an
# index on `jobs` would be for each of a job's states.
job_tags = sa.Table(
    "job_tags",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
    sa.Column("queue", sa.Text, primary_key=True),
    sa.Column("type", sa.Text, primary_key=True),
    sa.Column("created_at", Moment, primary_key=True),
    sa.Column("job_id", UUID(as_uuid=True), primary_key=True),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    # A digest of the whole request: the same key with another one is a mistake.
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("job_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)
sa.Index("ix_idempotency_keys_expires_at", idempotency_keys.c.expires_at)
