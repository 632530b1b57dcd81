"""How far bulk operations are; what they are to do stands in their jobs' inputs."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from haulage.storage.tables.base import Moment, metadata

bulk_progress = sa.Table(
    "bulk_progress",
    metadata,
    sa.Column("job_id", UUID(as_uuid=True), primary_key=True),
    # The last job that was dealt with, in the order of their creation.
    sa.Column("place_at", Moment),
    sa.Column("place_id", UUID(as_uuid=True)),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("skipped", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("failed", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("(place_at IS NULL) = (place_id IS NULL)", name="place"),
    sa.CheckConstraint(
        "changed >= 0 AND skipped >= 0 AND failed >= 0 AND changed + skipped + failed <= total",
        name="counts",
    ),
)
