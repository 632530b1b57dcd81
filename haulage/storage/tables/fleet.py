"""Workers, queues and schedules."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from haulage.storage.tables.base import Moment, metadata, one_of

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
    # By queue, how many jobs it ended a second before its last heartbeat; NULL: none.
    sa.Column("paces", sa.JSON),
    sa.Column("rss_bytes", sa.BigInteger),
    # Its machine's clock less PostgreSQL's. Nothing hangs on it but the times in its logs.
    sa.Column("clock_ahead_s", sa.Float),
    sa.Column("version", sa.Text, nullable=False),
    # The newest migration that its code knows; NULL: it is older than 0028 and does not say.
    sa.Column("revision", sa.Text),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("heartbeat_at", Moment, nullable=False),
    # Set once, by the worker itself on a clean stop or by the rescuer: never alive again.
    sa.Column("ended_at", Moment),
    sa.Column("end_reason", sa.Text),
    # Somebody wants it to take no more jobs and to leave.
    sa.Column("drain_at", Moment),
    sa.Column("drain_by", sa.Text),
    sa.CheckConstraint("(drain_at IS NULL) = (drain_by IS NULL)", name="drain"),
    # The job that holds its event loop, while it does: its death is that job's fault alone.
    sa.Column("blocked_by", UUID(as_uuid=True)),
)
sa.Index("ix_workers_alive", workers.c.heartbeat_at, postgresql_where=sa.text("ended_at IS NULL"))

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
    sa.Column("created_by", sa.Text),
    sa.Column("paused_at", Moment),
    sa.Column("paused_by", sa.Text),
    # The next moment of `cron` in `timezone`; None once it has no further one.
    sa.Column("next_run_at", Moment),
    sa.Column("last_run_at", Moment),
    sa.Column("last_job_id", UUID(as_uuid=True)),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("tenant", "name", name="uq_schedules_tenant_name"),
    sa.CheckConstraint(one_of("missed", ["run_all", "run_once", "skip"]), name="missed"),
    sa.CheckConstraint("priority IN (0, 3, 6)", name="priority"),
    sa.CheckConstraint("(paused_at IS NULL) = (paused_by IS NULL)", name="paused"),
)
sa.Index(
    "ix_schedules_due",
    schedules.c.next_run_at,
    postgresql_where=schedules.c.paused_at.is_(None),
)
