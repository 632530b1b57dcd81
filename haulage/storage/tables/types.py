"""The job types that processes of ours know, for those who submit without knowing them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from haulage.storage.tables.base import Moment, metadata, one_of

job_types = sa.Table(
    "job_types",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("pool", sa.Text, nullable=False),
    sa.Column("queue", sa.Text, nullable=False),
    # Every queue that its pool serves.
    sa.Column("queues", ARRAY(sa.Text), nullable=False),
    sa.Column("max_attempts", sa.Integer, nullable=False),
    sa.Column("max_crashes", sa.Integer, nullable=False),
    sa.Column("timeout_s", sa.Float, nullable=False),
    # Whether its input names files. True also where nobody has said so yet.
    sa.Column("takes_files", sa.Boolean, nullable=False, server_default=sa.true()),
    # Whether its jobs may cost credits.
    sa.Column("is_priced", sa.Boolean, nullable=False, server_default=sa.false()),
    # When it last changed.
    sa.Column("published_at", Moment, nullable=False),
    sa.CheckConstraint(one_of("pool", ["cpu", "io"]), name="pool"),
    sa.CheckConstraint("queue = ANY (queues)", name="queue"),
)
