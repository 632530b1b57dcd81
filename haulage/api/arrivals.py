"""What is found in files when they come in."""

import asyncio

from haulage.api.on_disk import on_disk
from haulage.documents.inspection import NOTHING, Finding, is_worth_it
from haulage.documents.inspector import Inspector
from haulage.storage.blobs import Blobs, Stored
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
            async with on_disk(self._blobs, stored.ref, size=stored.size) as path:
                return await asyncio.wrap_future(self._inspector.inspect(path, media_type))
        except OSError as error:
            log.error("file.not_looked_into", error=type(error).__name__, errno=error.errno)
            return NOTHING
