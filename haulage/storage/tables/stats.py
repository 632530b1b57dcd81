"""What happened when: tallies as they come, and their sums by time."""

import sqlalchemy as sa

from haulage.storage.tables.base import Moment, metadata

# Written by the statements that change jobs, taken away within seconds by the fold into `stats`. No
# key and no index: rows are only added, and all of them are taken.
tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("at", Moment, nullable=False),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("queue", sa.Text, nullable=False),
    # submitted, started, or the state that a job ended in.
    sa.Column("kind", sa.Text, nullable=False),
    # Of how long it waited for its start, or took from there to its end (domain/histogram.py).
    sa.Column("slot", sa.SmallInteger),
    # Of the error, where it failed.
    sa.Column("code", sa.Text),
    sa.Column("n", sa.BigInteger, nullable=False),
)

# One row for a type on a queue, and sums of all types ('') and of all queues ('').
stats = sa.Table(
    "stats",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("step_s", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("type", sa.Text, primary_key=True),
    sa.Column("queue", sa.Text, primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    sa.Column("submitted", sa.BigInteger, nullable=False),
    sa.Column("started", sa.BigInteger, nullable=False),
    sa.Column("succeeded", sa.BigInteger, nullable=False),
    sa.Column("failed", sa.BigInteger, nullable=False),
    sa.Column("cancelled", sa.BigInteger, nullable=False),
    # Counts by slot, and by the error's code.
    sa.Column("latency", sa.JSON, nullable=False),
    sa.Column("duration", sa.JSON, nullable=False),
    sa.Column("failures", sa.JSON, nullable=False),
    sa.CheckConstraint("step_s IN (60, 300, 3600)", name="step"),
)
sa.Index("ix_stats_age", stats.c.step_s, stats.c.at)
