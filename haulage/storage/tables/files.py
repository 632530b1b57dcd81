"""Uploaded files; their content lies in the blob store."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from haulage.storage.tables.base import Moment, metadata

files = sa.Table(
    "files",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False, server_default="default"),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)
sa.Index("ix_files_sha256", files.c.sha256)
