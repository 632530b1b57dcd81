"""Endpoints that are told of jobs, and an outbox of what they are told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

UUID = postgresql.UUID(as_uuid=True)
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("webhook_id", UUID))
    op.create_table(
        "webhooks",
        sa.Column("id", UUID, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("jobs", sa.Text(), nullable=False),
        sa.Column("secrets", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", Moment),
        sa.Column("rest_until", Moment),
        sa.Column("disabled_at", Moment),
        sa.Column("disabled_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("tenant", "name", name="uq_webhooks_tenant_name"),
        sa.CheckConstraint("jobs IN ('all', 'named')", name=op.f("ck_webhooks_jobs")),
        sa.CheckConstraint("cardinality(events) > 0", name=op.f("ck_webhooks_events")),
        sa.CheckConstraint(
            "(failures = 0) = (failing_since IS NULL)", name=op.f("ck_webhooks_failing")
        ),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_by IS NULL)", name=op.f("ck_webhooks_disabled")
        ),
    )
    op.create_index(
        "ix_webhooks_enabled",
        "webhooks",
        ["tenant"],
        postgresql_where=sa.text("disabled_at IS NULL"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", UUID, nullable=False),
        sa.Column("webhook_id", UUID, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("job_id", UUID),
        sa.Column("seq", sa.BigInteger()),
        sa.Column("about", sa.JSON(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tried", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("tried_at", Moment),
        sa.Column("ended_at", Moment),
        sa.Column("status", sa.Integer()),
        sa.Column("fault", sa.Text()),
        sa.Column("excerpt", sa.Text()),
        sa.Column("took_s", sa.Float()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.CheckConstraint(
            "state IN ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_state")
        ),
        sa.CheckConstraint(
            "(state = 'pending') = (ended_at IS NULL)", name=op.f("ck_webhook_deliveries_ended")
        ),
        sa.CheckConstraint(
            "(job_id IS NULL) = (seq IS NULL)", name=op.f("ck_webhook_deliveries_job")
        ),
        sa.CheckConstraint(
            "tries >= 0 AND tried >= tries", name=op.f("ck_webhook_deliveries_tries")
        ),
    )
    op.create_index(
        "uq_webhook_deliveries_once",
        "webhook_deliveries",
        ["webhook_id", "job_id", "seq"],
        unique=True,
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["webhook_id", "due_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_webhook_deliveries_listed", "webhook_deliveries", ["webhook_id", "at", "id"]
    )
    op.create_index(
        "ix_webhook_deliveries_ended",
        "webhook_deliveries",
        ["ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
    op.drop_column("jobs", "webhook_id")
