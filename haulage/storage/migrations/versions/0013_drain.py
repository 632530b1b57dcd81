"""Workers that are told to leave, sizes of steps, who made and paused a schedule."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("drain_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("workers", sa.Column("drain_by", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_workers_drain"), "workers", "(drain_at IS NULL) = (drain_by IS NULL)"
    )
    op.add_column("steps", sa.Column("size", sa.BigInteger(), nullable=True))
    op.execute("UPDATE steps SET size = octet_length(CAST(value AS text)) WHERE value IS NOT NULL")
    op.add_column("schedules", sa.Column("created_by", sa.Text(), nullable=True))
    op.add_column("schedules", sa.Column("paused_by", sa.Text(), nullable=True))
    op.execute("UPDATE schedules SET paused_by = 'unknown' WHERE paused_at IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_schedules_paused"), "schedules", "(paused_at IS NULL) = (paused_by IS NULL)"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_schedules_paused"), "schedules", type_="check")
    op.drop_column("schedules", "paused_by")
    op.drop_column("schedules", "created_by")
    op.drop_column("steps", "size")
    op.drop_constraint(op.f("ck_workers_drain"), "workers", type_="check")
    op.drop_column("workers", "drain_by")
    op.drop_column("workers", "drain_at")
