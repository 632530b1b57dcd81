"""A stored file as a path on this machine, for those who look into it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from haulage.storage.blobs import Blobs
from haulage.storage.local_copies import LocalCopies


@asynccontextmanager
async def on_disk(blobs: Blobs, ref: str, *, size: int) -> AsyncIterator[Path]:
    """The blob at `ref`: where it lies, or a copy for as long as the block lasts.

    Raises `NotFound` and `Unavailable` as the bucket does, and `OSError` where there is no room for
    a copy. In a local folder the path is not looked at: a blob that is gone is not there.
    """
    path = blobs.path_of(ref)
    if path is not None:
        yield path
        return
    copies = LocalCopies()
    try:
        path = await asyncio.to_thread(copies.folder) / "copy"
        await blobs.copy_to(path, ref, size=size)
        yield path
    finally:
        await asyncio.to_thread(copies.close)
