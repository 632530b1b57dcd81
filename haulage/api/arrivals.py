"""What is found in files when they come in."""

import asyncio
from pathlib import Path

from haulage.documents.inspection import NOTHING, Finding, is_worth_it
from haulage.documents.inspector import Inspector
from haulage.storage.blobs import Blobs, Stored
from haulage.storage.local_copies import LocalCopies
from haulage.telemetry import logs

log = logs.get(__name__)


class Arrivals:
    """Has `inspector` look into what has just been stored."""

    def __init__(self, blobs: Blobs, inspector: Inspector) -> None:
        self._blobs = blobs
        self._inspector = inspector

    async def look(self, stored: Stored, media_type: str) -> Finding:
        """What is in it; raises `Unavailable` where a bucket does not give it back.

        Where this machine can't look (no room for a copy, no further process) nothing is found: the
        file is stored, and whoever opens it will see.
        """
        if not is_worth_it(media_type):
            return NOTHING
        try:
            path = self._blobs.path_of(stored.ref)
            if path is not None:
                return await self._ask(path, media_type)
            return await self._look_at_copy(stored, media_type)
        except OSError as error:
            log.error("file.not_looked_into", error=type(error).__name__, errno=error.errno)
            return NOTHING

    async def _look_at_copy(self, stored: Stored, media_type: str) -> Finding:
        copies = LocalCopies()
        try:
            path = await asyncio.to_thread(copies.folder) / "copy"
            await self._blobs.copy_to(path, stored.ref, size=stored.size)
            return await self._ask(path, media_type)
        finally:
            await asyncio.to_thread(copies.close)

    async def _ask(self, path: Path, media_type: str) -> Finding:
        return await asyncio.wrap_future(self._inspector.inspect(path, media_type))
