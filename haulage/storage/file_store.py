"""Uploaded files: a row a file, the bytes in the blob store, one blob for equal content."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from haulage.domain.clock import Clock
from haulage.storage.blobs import Blobs, reference
from haulage.storage.database import Database
from haulage.storage.file_links import link_in
from haulage.storage.tables import files, job_files


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as the API shows it. `size` in bytes, `sha256` in hex."""

    id: UUID
    tenant: str
    sha256: str
    size: int
    media_type: str
    name: str
    created_at: datetime
    pages: int | None = None
    fault_code: str | None = None
    fault: str | None = None


_SELECT = sa.select(*(one for one in files.c if one.name != "idle_since"))


class FileStore:
    """Files by id, for one tenant at a time."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def add(
        self,
        *,
        id: UUID,
        tenant: str,
        sha256: str,
        size: int,
        media_type: str,
        name: str,
        pages: int | None = None,
        fault_code: str | None = None,
        fault: str | None = None,
        made_by: UUID | None = None,
    ) -> FileRow:
        """Record a file whose blob is already stored. Doing it again changes nothing.

        `made_by` is the job that has made it and keeps it.
        """
        now = self._clock.now()
        row = FileRow(id, tenant, sha256, size, media_type, name, now, pages, fault_code, fault)
        alone = self._database.statement if made_by is None else self._database.transaction
        async with alone() as connection:
            await connection.execute(
                insert(files)
                .values(
                    id=row.id,
                    tenant=row.tenant,
                    sha256=row.sha256,
                    size=row.size,
                    media_type=row.media_type,
                    name=row.name,
                    created_at=now,
                    pages=row.pages,
                    fault_code=row.fault_code,
                    fault=row.fault,
                    idle_since=now,
                )
                .on_conflict_do_nothing(index_elements=[files.c.id])
            )
            if made_by is not None:
                await link_in(connection, [(made_by, id)])
        return row

    async def get(self, file_id: UUID, *, tenant: str) -> FileRow | None:
        """The file, or None when this tenant has none of that id."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _SELECT.where(files.c.id == file_id, files.c.tenant == tenant)
            )
            found = rows.mappings().one_or_none()
        return FileRow(**found) if found is not None else None

    async def many(self, file_ids: Iterable[UUID], *, tenant: str) -> dict[UUID, FileRow]:
        """Those of a tenant's files that there are, by id."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _SELECT.where(files.c.id.in_(list(file_ids)), files.c.tenant == tenant)
            )
            return {row["id"]: FileRow(**row) for row in rows.mappings()}

    async def of_job(self, job_id: UUID, *, tenant: str) -> list[FileRow]:
        """The files that a job names in its input, and those it has made; oldest first."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _SELECT.join(job_files, job_files.c.file_id == files.c.id)
                .where(job_files.c.job_id == job_id, files.c.tenant == tenant)
                .order_by(files.c.created_at, files.c.id)
            )
            return [FileRow(**row) for row in rows.mappings()]

    async def content(self, row: FileRow) -> bytes:
        """The whole content; raises `NotFound` when the blob is gone."""
        return await self._blobs.get(reference(row.sha256))
