"""Pages of stored files as pictures, for people to look at."""

import asyncio
import base64

from haulage.api.errors import Refusal
from haulage.api.on_disk import on_disk
from haulage.documents.errors import NoSuchPage
from haulage.documents.inspector import Inspector
from haulage.domain.errors import NotFound
from haulage.storage.blobs import Blobs, reference
from haulage.storage.file_store import FileRow

# Drawing takes a tenth of a second; who finds so many before him is told to come again.
MOST_WAITING = 32
RETRY_S = 1


class PageImages:
    """Has `inspector` draw pages: whatever is in a file, it acts in that process alone."""

    def __init__(self, blobs: Blobs, inspector: Inspector) -> None:
        self._blobs = blobs
        self._inspector = inspector
        self._waiting = 0

    async def jpeg(self, row: FileRow, page: int, *, wide: int) -> bytes:
        """Page `page` of a file, counted from 1, at most `wide` pixels wide.

        Raises `NotFound` for a page or a content that is not there, and `Refusal` for what can't be
        drawn, and while too many others wait.
        """
        if self._waiting >= MOST_WAITING:
            raise Refusal(
                503,
                "busy",
                "Too many at once",
                f"{MOST_WAITING} pages are being drawn; come back in a second.",
                headers={"Retry-After": str(RETRY_S)},
            )
        self._waiting += 1
        try:
            return await self._drawn(row, page, wide)
        finally:
            self._waiting -= 1

    async def _drawn(self, row: FileRow, page: int, wide: int) -> bytes:
        async with on_disk(self._blobs, reference(row.sha256), size=row.size) as path:
            if not await asyncio.to_thread(path.is_file):
                raise NotFound(f"The content of file {row.id} is gone.")
            drawing = await asyncio.wrap_future(self._inspector.draw(path, page, wide=wide))
        if drawing.jpeg is not None:
            return base64.b64decode(drawing.jpeg)
        code, fault = drawing.fault_code or "unreadable", drawing.fault or ""
        if code == NoSuchPage.code:
            raise NotFound(fault)
        raise Refusal(422, code, "The page can't be drawn", fault)
