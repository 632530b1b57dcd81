"""What language models have been used for: sums by day, and vectors that are known already."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from haulage.storage.tables.base import Moment, metadata

# One row for each day (UTC) and model. `cost` in US dollars leaves `unpriced_calls` out.
provider_usage = sa.Table(
    "provider_usage",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("model", sa.Text, primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("input_tokens", sa.BigInteger, nullable=False),
    sa.Column("output_tokens", sa.BigInteger, nullable=False),
    sa.Column("cost", sa.Numeric, nullable=False),
    sa.Column("unpriced_calls", sa.BigInteger, nullable=False),
    sa.CheckConstraint(
        "calls >= 0 AND input_tokens >= 0 AND output_tokens >= 0 AND cost >= 0 "
        "AND unpriced_calls BETWEEN 0 AND calls",
        name="sums",
    ),
)

# Batches that are in the sums: one that comes again after a lost answer is not added again.
usage_batches = sa.Table(
    "usage_batches",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("at", Moment, nullable=False),
)
sa.Index("ix_usage_batches_at", usage_batches.c.at)

# A cache: any row may be deleted at any time. `vector` is little-endian doubles.
vectors = sa.Table(
    "vectors",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("used_at", Moment, nullable=False),
    sa.CheckConstraint("octet_length(key) = 32", name="key"),
    sa.CheckConstraint("size = octet_length(vector) AND size > 0", name="size"),
)
sa.Index("ix_vectors_used_at", vectors.c.used_at, vectors.c.size)
