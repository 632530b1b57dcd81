"""Tasks that were pulled from somebody else's API: what became of each, and whether it was told."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from haulage.storage.tables.base import Moment, metadata, one_of

OUTCOMES = ["refused", "reported", "superseded"]

# One row is both: the key under which a task becomes a job once, and the report that is owed for
# it. Written with the job; the statement that settles jobs knows nothing of it.
pulled_tasks = sa.Table(
    "pulled_tasks",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    # A digest of the task's id and version.
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("task_id", sa.Text, nullable=False),
    # Which of the source's kinds of tasks; it says how a result is reported.
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("job_id", UUID(as_uuid=True)),
    # Why it never became a job.
    sa.Column("fault", sa.Text),
    sa.Column("pulled_at", Moment, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    # Not told before this.
    sa.Column("report_at", Moment, nullable=False),
    sa.Column("last_error", sa.Text),
    sa.Column("closed_at", Moment),
    sa.Column("outcome", sa.Text),
    sa.CheckConstraint("(job_id IS NULL) = (fault IS NOT NULL)", name="job"),
    sa.CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed"),
    sa.CheckConstraint(one_of("outcome", OUTCOMES), name="outcome"),
    sa.CheckConstraint("tries >= 0", name="tries"),
)
sa.Index(
    "ix_pulled_tasks_open",
    pulled_tasks.c.source,
    pulled_tasks.c.report_at,
    postgresql_where=sa.text("closed_at IS NULL"),
)
sa.Index(
    "ix_pulled_tasks_task",
    pulled_tasks.c.source,
    pulled_tasks.c.task_id,
    postgresql_where=sa.text("closed_at IS NULL"),
)
sa.Index(
    "ix_pulled_tasks_closed",
    pulled_tasks.c.closed_at,
    postgresql_where=sa.text("closed_at IS NOT NULL"),
)
