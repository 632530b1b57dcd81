"""Children, the crash ledger, idempotency keys, dead letters put aside."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "crashes",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("fence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worker_id", sa.UUID(), nullable=False),
        sa.Column("worker_pid", sa.Integer(), nullable=True),
        sa.Column("peak_rss_bytes", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "fence", name=op.f("pk_crashes")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("job_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        "ix_idempotency_keys_expires_at", "idempotency_keys", ["expires_at"], unique=False
    )
    op.add_column("jobs", sa.Column("parent_id", sa.UUID(), nullable=True))
    op.add_column("jobs", sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("discarded_by", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_jobs_discarded"), "jobs", "discarded_at IS NULL OR state = 'failed'"
    )
    op.create_index(
        "ix_jobs_dead",
        "jobs",
        ["tenant", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'failed' AND discarded_at IS NULL"),
    )
    op.create_index(
        "ix_jobs_parent",
        "jobs",
        ["parent_id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_jobs_waiting", table_name="jobs", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_index(
        "ix_jobs_parent", table_name="jobs", postgresql_where=sa.text("parent_id IS NOT NULL")
    )
    op.drop_index(
        "ix_jobs_dead",
        table_name="jobs",
        postgresql_where=sa.text("state = 'failed' AND discarded_at IS NULL"),
    )
    op.drop_constraint(op.f("ck_jobs_discarded"), "jobs")
    op.drop_column("jobs", "discarded_by")
    op.drop_column("jobs", "discarded_at")
    op.drop_column("jobs", "parent_id")
    op.drop_index("ix_idempotency_keys_expires_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("crashes")
