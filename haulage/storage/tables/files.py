"""Uploaded files and what jobs have made; their content lies in the blob store."""

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
    # What was found on its arrival: pages where it has some, and why it can't be opened.
    sa.Column("pages", sa.Integer),
    sa.Column("fault_code", sa.Text),
    sa.Column("fault", sa.Text),
    # Since when it may be that no job names it. A job that takes it leaves this as it is, so that
    # submits write no row of a file; the janitor looks (storage/retention_store.py).
    sa.Column("idle_since", Moment),
    sa.CheckConstraint("size >= 0", name="size"),
    sa.CheckConstraint("pages >= 1", name="pages"),
    sa.CheckConstraint("(fault_code IS NULL) = (fault IS NULL)", name="fault"),
)
sa.Index("ix_files_sha256", files.c.sha256)
sa.Index("ix_files_idle", files.c.idle_since, postgresql_where=files.c.idle_since.is_not(None))

# The files that a job names in its input, and those it has made. No foreign keys: a row is written
# while its file is locked, and goes with its job.
job_files = sa.Table(
    "job_files",
    metadata,
    sa.Column("job_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("file_id", UUID(as_uuid=True), primary_key=True),
)
sa.Index("ix_job_files_file_id", job_files.c.file_id)
