"""What each migration says of itself: which code its tables still carry."""

import sqlalchemy as sa

from haulage.storage.tables.base import Moment, metadata

# Written in each migration's own transaction, from 0028 on.
migrations = sa.Table(
    "migrations",
    metadata,
    sa.Column("revision", sa.Text, primary_key=True),
    # Processes whose own newest revision is older do not run on what this one made.
    sa.Column("oldest_code", sa.Text, nullable=False),
    # Haulage's that made them.
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("applied_at", Moment, nullable=False),
    sa.CheckConstraint('oldest_code <= revision COLLATE "C"', name="oldest_code"),
)
