"""What jobs leave behind while they run: events, steps, those that are shared, crashes."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from haulage.storage.tables.base import Moment, metadata, one_of

events = sa.Table(
    "events",
    metadata,
    sa.Column("job_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.CheckConstraint(one_of("kind", ["state", "progress", "log"]), name="kind"),
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
    # Of the value's JSON text, in bytes.
    sa.Column("size", sa.BigInteger),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("duration_s", sa.Float, nullable=False),
    sa.Column("finished_at", Moment, nullable=False),
    sa.CheckConstraint("value IS NOT NULL OR value_ref IS NOT NULL", name="value"),
)
sa.Index("ix_steps_value_ref", steps.c.value_ref, postgresql_where=steps.c.value_ref.is_not(None))

# A cache of steps' values that a tenant's jobs share: any row may be deleted at any time.
shared_steps = sa.Table(
    "shared_steps",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    # sha256 of the job type, the step's name, its code's version and its arguments.
    sa.Column("mark", sa.LargeBinary, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("value", sa.JSON),
    sa.Column("value_ref", sa.Text),
    sa.Column("size", sa.BigInteger),
    sa.Column("made_at", Moment, nullable=False),
    sa.CheckConstraint("octet_length(mark) = 32", name="mark"),
    sa.CheckConstraint("value IS NOT NULL OR value_ref IS NOT NULL", name="value"),
)
sa.Index("ix_shared_steps_made_at", shared_steps.c.made_at)
sa.Index(
    "ix_shared_steps_value_ref",
    shared_steps.c.value_ref,
    postgresql_where=shared_steps.c.value_ref.is_not(None),
)

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
