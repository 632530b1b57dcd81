"""Paused queues, schedules, lanes by tenant, and the indexes of retention."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "queues",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(paused_at IS NULL) = (paused_by IS NULL)", name=op.f("ck_queues_paused")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_queues")),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("tenant", sa.Text(), server_default="default", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("input", sa.JSON(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="3", nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("missed", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_job_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "missed IN ('run_all', 'run_once', 'skip')", name=op.f("ck_schedules_missed")
        ),
        sa.CheckConstraint("priority IN (0, 3, 6)", name=op.f("ck_schedules_priority")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint("tenant", "name", name="uq_schedules_tenant_name"),
    )
    op.create_index(
        "ix_schedules_due",
        "schedules",
        ["next_run_at"],
        unique=False,
        postgresql_where=sa.text("paused_at IS NULL"),
    )
    op.drop_index(
        "ix_jobs_unrung",
        table_name="jobs",
        postgresql_where=sa.text("state = 'queued' AND rung_at IS NULL"),
    )
    op.create_index(
        "ix_jobs_unrung",
        "jobs",
        ["queue", "tenant", "priority", "scheduled_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued' AND rung_at IS NULL"),
    )
    op.create_index(
        "ix_jobs_finished",
        "jobs",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_input_ref",
        "jobs",
        ["input_ref"],
        unique=False,
        postgresql_where=sa.text("input_ref IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_result_ref",
        "jobs",
        ["result_ref"],
        unique=False,
        postgresql_where=sa.text("result_ref IS NOT NULL"),
    )
    op.create_index(
        "ix_steps_value_ref",
        "steps",
        ["value_ref"],
        unique=False,
        postgresql_where=sa.text("value_ref IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_steps_value_ref", table_name="steps", postgresql_where=sa.text("value_ref IS NOT NULL")
    )
    op.drop_index(
        "ix_jobs_result_ref", table_name="jobs", postgresql_where=sa.text("result_ref IS NOT NULL")
    )
    op.drop_index(
        "ix_jobs_input_ref", table_name="jobs", postgresql_where=sa.text("input_ref IS NOT NULL")
    )
    op.drop_index(
        "ix_jobs_finished", table_name="jobs", postgresql_where=sa.text("finished_at IS NOT NULL")
    )
    op.drop_index(
        "ix_jobs_unrung",
        table_name="jobs",
        postgresql_where=sa.text("state = 'queued' AND rung_at IS NULL"),
    )
    op.create_index(
        "ix_jobs_unrung",
        "jobs",
        ["queue", "priority", "scheduled_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'queued' AND rung_at IS NULL"),
    )
    op.drop_index(
        "ix_schedules_due", table_name="schedules", postgresql_where=sa.text("paused_at IS NULL")
    )
    op.drop_table("schedules")
    op.drop_table("queues")
