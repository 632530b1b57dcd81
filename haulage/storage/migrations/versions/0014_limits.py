"""Limits set over HTTP, and usage that outlives Redis."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "limit_pools",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_limit_pools")),
    )
    op.create_table(
        "limit_usage",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("whose", sa.Text(), nullable=False),
        sa.Column("quarter", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pool", "whose", "quarter", name=op.f("pk_limit_usage")),
        sa.CheckConstraint("requests >= 0 AND tokens >= 0", name=op.f("ck_limit_usage_sums")),
        sa.CheckConstraint(
            "mod(extract(epoch FROM quarter), 900) = 0", name=op.f("ck_limit_usage_quarter")
        ),
    )
    op.create_index("ix_limit_usage_quarter", "limit_usage", ["quarter"])


def downgrade() -> None:
    op.drop_table("limit_usage")
    op.drop_table("limit_pools")
