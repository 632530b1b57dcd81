"""How far bulk operations are."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bulk_progress",
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("place_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("place_id", sa.UUID(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("skipped", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failed", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "(place_at IS NULL) = (place_id IS NULL)", name=op.f("ck_bulk_progress_place")
        ),
        sa.CheckConstraint(
            "changed >= 0 AND skipped >= 0 AND failed >= 0 AND changed + skipped + failed <= total",
            name=op.f("ck_bulk_progress_counts"),
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_bulk_progress")),
    )


def downgrade() -> None:
    op.drop_table("bulk_progress")
