"""Limits that were set over HTTP, and what has been used of those that outlive Redis."""

import sqlalchemy as sa

from haulage.storage.tables.base import Moment, metadata

limit_pools = sa.Table(
    "limit_pools",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("set_at", Moment, nullable=False),
)

# Sums of the quarter of an hour that begins at `quarter`; `whose` is a scope and its value.
limit_usage = sa.Table(
    "limit_usage",
    metadata,
    sa.Column("pool", sa.Text, primary_key=True),
    sa.Column("whose", sa.Text, primary_key=True),
    sa.Column("quarter", Moment, primary_key=True),
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("tokens", sa.BigInteger, nullable=False),
    sa.CheckConstraint("requests >= 0 AND tokens >= 0", name="sums"),
    sa.CheckConstraint("mod(extract(epoch FROM quarter), 900) = 0", name="quarter"),
)
sa.Index("ix_limit_usage_quarter", limit_usage.c.quarter)
