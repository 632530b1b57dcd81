"""What a client does with files: up and down, piece by piece."""

import asyncio
from pathlib import Path
from uuid import UUID

from haulage.client import uploads
from haulage.client.awaiting.caller import AsyncCaller
from haulage.client.errors import ApiError
from haulage.client.following import Attempts, Broken
from haulage.client.models import FileView
from haulage.client.uploads import Source


class AsyncFiles(AsyncCaller):
    """Files."""

    async def upload(self, source: Source, *, name: str | None = None) -> FileView:
        """Store a file: a path, bytes or an open binary file, sent piece by piece.

        `name` defaults to the file's own. Raises `OSError` when it cannot be read.
        """
        return await self._send(uploads.upload(uploads.upload_of(source, name)))

    async def file(self, file_id: UUID | str) -> FileView:
        """What is known of an uploaded file."""
        return await self._send(uploads.show(file_id))

    async def download(self, file_id: UUID | str, path: Path | str) -> Path:
        """Write a file's content to `path`, piece by piece; `path` is there whole or as it was.

        Raises `OSError` when it cannot be written.
        """
        call = uploads.download(file_id)
        attempts = Attempts(
            call,
            self.address,
            patience_s=self._patience_s,
            known=self._transport.answered,
        )
        while True:
            with uploads.replacing(Path(path)) as written:
                try:
                    async with self._transport.open(call) as chunks:
                        async for chunk in chunks:
                            written.write(chunk)
                except (Broken, ApiError) as failure:
                    pause_s = attempts.pause_after(failure)
                else:
                    written.keep()
                    return Path(path)
            await asyncio.sleep(pause_s)
