"""Uploaded files: a row a file, the bytes in the blob store, one blob for equal content."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from haulage.domain.clock import Clock
from haulage.storage.blobs import Blobs, reference
from haulage.storage.database import Database
from haulage.storage.tables import files


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


class FileStore:
    """Files by id, for one tenant at a time."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def add(
        self, *, id: UUID, tenant: str, sha256: str, size: int, media_type: str, name: str
    ) -> FileRow:
        """Record a file whose blob is already stored. Doing it again changes nothing."""
        row = FileRow(id, tenant, sha256, size, media_type, name, self._clock.now())
        async with self._database.transaction() as connection:
            await connection.execute(
                insert(files)
                .values(
                    id=row.id,
                    tenant=row.tenant,
                    sha256=row.sha256,
                    size=row.size,
                    media_type=row.media_type,
                    name=row.name,
                    created_at=row.created_at,
                )
                .on_conflict_do_nothing(index_elements=[files.c.id])
            )
        return row

    async def get(self, file_id: UUID, *, tenant: str) -> FileRow | None:
        """The file, or None when this tenant has none of that id."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                sa.select(files).where(files.c.id == file_id, files.c.tenant == tenant)
            )
            found = rows.mappings().one_or_none()
        return FileRow(**found) if found is not None else None

    async def content(self, row: FileRow) -> bytes:
        """The whole content; raises `NotFound` when the blob is gone."""
        return await self._blobs.get(reference(row.sha256))
