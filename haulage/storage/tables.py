"""The tables as they are declared; `migrations/` makes them, a test compares the two.

The CHECK constraints repeat the lifecycle's invariants, so that no code path, ours or a person's in
psql, can write a row that the domain calls impossible.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from haulage.domain.lifecycle import TERMINAL, State

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

Moment = sa.DateTime(timezone=True)


def _in(column: str, values: list[str]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


_terminal = _in("state", sorted(TERMINAL))

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
    sa.Column("progress", sa.JSON),
    sa.Column("usage", sa.JSON),
    sa.Column("run", sa.Integer, nullable=False, server_default="1"),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("max_crashes", sa.Integer, nullable=False, server_default="3"),
    # Deaths of workers that ran other jobs as well: nobody knows whose fault they were.
    sa.Column("suspicion", sa.Integer, nullable=False, server_default="0"),
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
    sa.Column("parent_id", UUID(as_uuid=True)),
    # A failed job that somebody has put aside; the others are the dead letters.
    sa.Column("discarded_at", Moment),
    sa.Column("discarded_by", sa.Text),
    sa.CheckConstraint(_in("state", [state.value for state in State]), name="state"),
    sa.CheckConstraint(f"({_terminal}) = (finished_at IS NOT NULL)", name="finished"),
    sa.CheckConstraint("(state = 'running') = (worker_id IS NOT NULL)", name="leased"),
    sa.CheckConstraint(
        "(state = 'succeeded') = (result IS NOT NULL OR result_ref IS NOT NULL)", name="result"
    ),
    sa.CheckConstraint("state <> 'failed' OR error IS NOT NULL", name="error"),
    sa.CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
    sa.CheckConstraint("input IS NOT NULL OR input_ref IS NOT NULL", name="input"),
    sa.CheckConstraint("priority IN (0, 3, 6)", name="priority"),
    sa.CheckConstraint("attempt >= 0 AND run >= 1 AND fence >= 0", name="counts"),
    sa.CheckConstraint("max_attempts >= 1 AND timeout_s > 0", name="limits"),
    sa.CheckConstraint("discarded_at IS NULL OR state = 'failed'", name="discarded"),
    # Room on each page for the claimed and the settled version of a row.
    postgresql_with={"fillfactor": "60"},
)
sa.Index("ix_jobs_tenant_id", jobs.c.tenant, jobs.c.id)
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
    "ix_jobs_deadline",
    jobs.c.deadline,
    postgresql_where=sa.text(
        "deadline IS NOT NULL AND state IN ('scheduled', 'queued', 'waiting')"
    ),
)
sa.Index(
    "ix_jobs_parent",
    jobs.c.parent_id,
    postgresql_where=sa.text("parent_id IS NOT NULL"),
)
sa.Index("ix_jobs_waiting", jobs.c.id, postgresql_where=sa.text("state = 'waiting'"))
sa.Index(
    "ix_jobs_dead",
    jobs.c.tenant,
    jobs.c.id,
    postgresql_where=sa.text("state = 'failed' AND discarded_at IS NULL"),
)
# Most jobs have no tags; a query by tag repeats the condition, or the planner can't use the index.
TAGGED = sa.text("tags <> '{}'")
sa.Index("ix_jobs_tags", jobs.c.tags, postgresql_using="gin", postgresql_where=TAGGED)

sa.Index(
    "ix_jobs_finished",
    jobs.c.finished_at,
    postgresql_where=sa.text("finished_at IS NOT NULL"),
)
# Few rows have their input or result elsewhere; the janitor asks which blobs nobody names.
sa.Index("ix_jobs_input_ref", jobs.c.input_ref, postgresql_where=jobs.c.input_ref.is_not(None))
sa.Index("ix_jobs_result_ref", jobs.c.result_ref, postgresql_where=jobs.c.result_ref.is_not(None))

events = sa.Table(
    "events",
    metadata,
    sa.Column("job_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.CheckConstraint(_in("kind", ["state", "progress", "log"]), name="kind"),
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("job_id", UUID(as_uuid=True), primary_key=True),
    # The step's name, a mark of its code's version and the digest of its arguments.
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("value", sa.JSON),
    sa.Column("value_ref", sa.Text),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("duration_s", sa.Float, nullable=False),
    sa.Column("finished_at", Moment, nullable=False),
    sa.CheckConstraint("value IS NOT NULL OR value_ref IS NOT NULL", name="value"),
)
sa.Index("ix_steps_value_ref", steps.c.value_ref, postgresql_where=steps.c.value_ref.is_not(None))

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("pool", sa.Text, nullable=False),
    sa.Column("queues", ARRAY(sa.Text), nullable=False),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("in_flight", sa.Integer, nullable=False, server_default="0"),
    sa.Column("backlog", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rss_bytes", sa.BigInteger),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("heartbeat_at", Moment, nullable=False),
    # Set once, by the worker itself on a clean stop or by the rescuer: never alive again.
    sa.Column("ended_at", Moment),
    sa.Column("end_reason", sa.Text),
)
sa.Index("ix_workers_alive", workers.c.heartbeat_at, postgresql_where=sa.text("ended_at IS NULL"))

files = sa.Table(
    "files",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False, server_default="default"),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)
sa.Index("ix_files_sha256", files.c.sha256)

crashes = sa.Table(
    "crashes",
    metadata,
    sa.Column("job_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("fence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("worker_id", UUID(as_uuid=True), nullable=False),
    sa.Column("worker_pid", sa.Integer),
    # The highest resident memory that was seen of the process that died.
    sa.Column("peak_rss_bytes", sa.BigInteger),
    # How many jobs the dead process was running, this one included.
    sa.Column("company", sa.Integer, nullable=False, server_default="1"),
    sa.Column("started_at", Moment),
    sa.Column("noticed_at", Moment, nullable=False),
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

# A queue has a row once somebody has paused it.
queues = sa.Table(
    "queues",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("paused_at", Moment),
    sa.Column("paused_by", sa.Text),
    sa.Column("pause_reason", sa.Text),
    sa.CheckConstraint("(paused_at IS NULL) = (paused_by IS NULL)", name="paused"),
)

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False, server_default="default"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("input", sa.JSON, nullable=False),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False, server_default="3"),
    sa.Column("tags", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("cron", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("missed", sa.Text, nullable=False),
    sa.Column("paused_at", Moment),
    # The next moment of `cron` in `timezone`; None once it has no further one.
    sa.Column("next_run_at", Moment),
    sa.Column("last_run_at", Moment),
    sa.Column("last_job_id", UUID(as_uuid=True)),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("tenant", "name", name="uq_schedules_tenant_name"),
    sa.CheckConstraint(_in("missed", ["run_all", "run_once", "skip"]), name="missed"),
    sa.CheckConstraint("priority IN (0, 3, 6)", name="priority"),
)
sa.Index(
    "ix_schedules_due",
    schedules.c.next_run_at,
    postgresql_where=schedules.c.paused_at.is_(None),
)
