"""Usage of language models by day, and known vectors."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_usage",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.Numeric(), nullable=False),
        sa.Column("unpriced_calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "day", "provider", "model", name=op.f("pk_provider_usage")
        ),
        sa.CheckConstraint(
            "calls >= 0 AND input_tokens >= 0 AND output_tokens >= 0 AND cost >= 0 "
            "AND unpriced_calls BETWEEN 0 AND calls",
            name=op.f("ck_provider_usage_sums"),
        ),
    )
    op.create_table(
        "usage_batches",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_batches")),
    )
    op.create_index("ix_usage_batches_at", "usage_batches", ["at"])
    op.create_table(
        "vectors",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_vectors")),
        sa.CheckConstraint("octet_length(key) = 32", name=op.f("ck_vectors_key")),
        sa.CheckConstraint(
            "size = octet_length(vector) AND size > 0", name=op.f("ck_vectors_size")
        ),
    )
    op.create_index("ix_vectors_used_at", "vectors", ["used_at", "size"])


def downgrade() -> None:
    op.drop_table("vectors")
    op.drop_table("usage_batches")
    op.drop_table("provider_usage")
