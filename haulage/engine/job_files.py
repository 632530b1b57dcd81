"""The files of a running attempt: found, laid on this machine's disk, stored."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from haulage.domain.errors import NotFound, NotRetryable
from haulage.domain.files import FileInfo, FileOnDisk, StoredFile, made_id
from haulage.domain.ids import uuid7
from haulage.engine.batcher import patiently
from haulage.storage.blobs import reference
from haulage.storage.file_store import FileRow
from haulage.storage.local_copies import LocalCopies

if TYPE_CHECKING:
    from haulage.domain.job import Lease
    from haulage.engine.services import Services

READ_BYTES = 1024 * 1024


class JobFiles:
    """See `domain.files.Files`. What was laid on the disk is removed by `close`."""

    def __init__(self, lease: "Lease", services: "Services") -> None:
        self._lease = lease
        self._services = services
        self._copies = LocalCopies()
        self._copying = asyncio.Lock()

    async def content(self, file_id: UUID | str) -> StoredFile:
        """See `Files.file`."""
        row = await self._find(file_id)
        try:
            content = await self._services.files.content(row)
        except NotFound as error:
            raise _gone(row) from error
        return StoredFile(row.id, row.name, row.media_type, row.size, row.sha256, content)

    async def path(self, file_id: UUID | str) -> FileOnDisk:
        """See `Files.file_path`."""
        row = await self._find(file_id)
        path = self._services.blobs.path_of(reference(row.sha256))
        if path is None:
            path = await self._copied(row)
        elif not await asyncio.to_thread(path.is_file):
            raise _gone(row)
        return FileOnDisk(row.id, row.name, row.media_type, row.size, row.sha256, path)

    async def put(self, name: str, media_type: str, content: bytes | Path) -> FileInfo:
        """See `Files.put_file`."""
        stored = await self._services.blobs.put_stream(_pieces(content), scratch=str(uuid7()))
        file_id = made_id(self._lease.job_id, stored.sha256, name)
        row = await patiently(
            lambda: self._services.files.add(
                id=file_id,
                tenant=self._lease.tenant,
                sha256=stored.sha256,
                size=stored.size,
                media_type=media_type,
                name=name,
                made_by=self._lease.job_id,
            )
        )
        return FileInfo(row.id, row.name, row.media_type, row.size, row.sha256)

    def close(self) -> None:
        """Remove the copies."""
        self._copies.close()

    async def _find(self, file_id: UUID | str) -> FileRow:
        try:
            wanted = UUID(str(file_id))
        except ValueError:
            row = None
        else:
            files, tenant = self._services.files, self._lease.tenant
            row = await patiently(lambda: files.get(wanted, tenant=tenant))
        if row is None:
            raise NotRetryable(f"There is no file {file_id}.", code="file_not_found")
        return row

    async def _copied(self, row: FileRow) -> Path:
        async with self._copying:
            path = await asyncio.to_thread(self._copies.folder) / row.sha256
            if not path.exists():
                unfinished = path.with_suffix(".part")
                try:
                    await self._services.blobs.copy_to(
                        unfinished, reference(row.sha256), size=row.size
                    )
                except NotFound as error:
                    raise _gone(row) from error
                unfinished.replace(path)
            return path


async def _pieces(content: bytes | Path) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as opened:
        while piece := await asyncio.to_thread(opened.read, READ_BYTES):
            yield piece


def _gone(row: FileRow) -> NotRetryable:
    return NotRetryable(f"The content of file {row.id} is gone.", code="file_not_found")
