"""Tasks pulled from somebody else's API, and the reports that are owed for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pulled_tasks",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("job_id", postgresql.UUID(as_uuid=True)),
        sa.Column("fault", sa.Text()),
        sa.Column("pulled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("report_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.Text()),
        sa.PrimaryKeyConstraint("source", "key", name=op.f("pk_pulled_tasks")),
        sa.CheckConstraint(
            "(job_id IS NULL) = (fault IS NOT NULL)", name=op.f("ck_pulled_tasks_job")
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)", name=op.f("ck_pulled_tasks_closed")
        ),
        sa.CheckConstraint(
            "outcome IN ('refused', 'reported', 'superseded')",
            name=op.f("ck_pulled_tasks_outcome"),
        ),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_pulled_tasks_tries")),
    )
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_pulled_tasks_open", "pulled_tasks", ["source", "report_at"], postgresql_where=is_open
    )
    op.create_index(
        "ix_pulled_tasks_task", "pulled_tasks", ["source", "task_id"], postgresql_where=is_open
    )
    op.create_index(
        "ix_pulled_tasks_closed",
        "pulled_tasks",
        ["closed_at"],
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("pulled_tasks")
