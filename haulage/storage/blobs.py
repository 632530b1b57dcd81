"""Where bytes too large for a row lie: a local folder, or S3, GCS or Azure by URL, through obstore.

Blobs are named by what is in them (`sha256/ab/abcd…`), so that writing one twice is harmless and a
reference in a row never changes its meaning. A blob is written before the row that names it: a
crash between the two leaves an orphan for the janitor, never a row without its bytes.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.exceptions import NotFoundError as BlobNotFound
from obstore.store import LocalStore, ObjectStore, from_url

from haulage.domain.errors import NotFound, Unavailable
from haulage.storage.sealing import PLAIN, Sealer

HINT = "Check HAULAGE_BLOB_URL and that this process may write there."
PART_BYTES = 5 * 1024 * 1024
PIECE_BYTES = 256 * 1024
# An upload up to this size is held until it is whole.
SMALL_BYTES = 256 * 1024
PAGE = 1_000
# Well below the age at which the janitor takes a blob that no row names.
FRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Inline:
    """A text as a row keeps it: `text` in place, or `ref` into the blob store. `size` in bytes."""

    text: str | None
    ref: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What an upload came to: the blob's reference, its sha256 (hex) and its size in bytes."""

    ref: str
    sha256: str
    size: int


class Blobs:
    """Content-addressed bytes. `inline_bytes` is the size up to which a text stays in its row."""

    def __init__(
        self, store: ObjectStore, *, inline_bytes: int = 256 * 1024, sealer: Sealer = PLAIN
    ) -> None:
        self._store = store
        self.sealer = sealer
        self._inline_bytes = inline_bytes

    @classmethod
    def open(cls, url: str, *, inline_bytes: int = 256 * 1024, sealer: Sealer = PLAIN) -> "Blobs":
        """A folder's path (made if need be) or an obstore URL; raises `Unavailable`."""
        try:
            store: ObjectStore
            if "://" in url and not url.startswith("file://"):
                store = from_url(url)
            else:
                folder = Path(url.removeprefix("file://")).expanduser()
                folder.mkdir(parents=True, exist_ok=True)
                store = LocalStore(str(folder))
        except (BaseError, OSError, ValueError) as error:
            raise Unavailable(
                f"The blob store {url} can't be opened: {error}", hint=HINT
            ) from error
        return cls(store, inline_bytes=inline_bytes, sealer=sealer)

    async def keep(self, text: str) -> Inline:
        """Keep `text` in place when it is small, else as a blob, which is sealed."""
        size = size_of(text)
        if size <= self._inline_bytes:
            return Inline(text, None, size)
        # Under nothing: the same text is the same blob, whoever stores it.
        return Inline(None, await self.put(self.sealer.seal(text, under="").encode()), size)

    async def fetch(self, text: str | None, ref: str | None) -> str:
        """The inverse of `keep`, for a text as its row has it; raises `Unopened` too."""
        if text is not None:
            return self.sealer.open(text)
        assert ref is not None
        return self.sealer.open((await self.get(ref)).decode())

    async def put(self, content: bytes) -> str:
        """Store `content`; its reference. Storing it again changes nothing."""
        ref = reference(hashlib.sha256(content).hexdigest())
        try:
            await obstore.put_async(self._store, ref, content, mode="create")
        except AlreadyExistsError:
            await self._renew(ref, content)
        except (BaseError, OSError) as error:
            raise Unavailable("The blob store refused a write.", hint=HINT) from error
        return ref

    async def put_stream(self, parts: AsyncIterator[bytes], *, scratch: str) -> Stored:
        """Store a stream that is never whole in memory. `scratch` names the upload until its end.

        Whatever `parts` raises ends the upload and leaves nothing behind.
        """
        begun = bytearray()
        async for part in parts:
            begun += part
            if len(begun) > SMALL_BYTES:
                break
        else:
            # Whole already: one write, under its own name.
            ref = await self.put(bytes(begun))
            return Stored(ref, ref.rpartition("/")[2], len(begun))
        return await self._put_large(_chain(bytes(begun), parts), scratch)

    async def _put_large(self, parts: AsyncIterator[bytes], scratch: str) -> Stored:
        digest = hashlib.sha256()
        size = 0
        temporary = f"uploads/{scratch}"
        at_source = False
        try:
            async with obstore.open_writer_async(
                self._store, temporary, buffer_size=PART_BYTES
            ) as writer:
                at_source = True
                async for part in parts:
                    at_source = False
                    digest.update(part)
                    size += len(part)
                    await writer.write(part)
                    at_source = True
                at_source = False
            ref = reference(digest.hexdigest())
            await obstore.rename_async(self._store, temporary, ref)
        except BaseException as error:
            await self._discard(temporary)
            if isinstance(error, BaseError | OSError) and not at_source:
                raise Unavailable("The blob store refused a write.", hint=HINT) from error
            raise
        return Stored(ref, digest.hexdigest(), size)

    async def get(self, ref: str) -> bytes:
        """The content; raises `NotFound`."""
        try:
            answer = await obstore.get_async(self._store, ref)
            return bytes(await answer.bytes_async())
        except (BlobNotFound, FileNotFoundError) as error:
            raise NotFound(f"There is no blob {ref}.") from error
        except (BaseError, OSError) as error:
            raise Unavailable("The blob store refused a read.", hint=HINT) from error

    async def stream(self, ref: str, *, start: int = 0, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, which is left out, a piece at a time.

        Awaiting it finds the blob; raises `NotFound`, and `Unavailable` while it is read too.
        """
        try:
            answer = await obstore.get_async(self._store, ref, options={"range": (start, end)})
        except (BlobNotFound, FileNotFoundError) as error:
            raise NotFound(f"There is no blob {ref}.") from error
        except (BaseError, OSError) as error:
            raise Unavailable("The blob store refused a read.", hint=HINT) from error
        return _pieces(answer)

    def path_of(self, ref: str) -> Path | None:
        """Where a blob lies in this machine's file system; None for one in a bucket."""
        if not isinstance(self._store, LocalStore) or self._store.prefix is None:
            return None
        return Path(self._store.prefix) / ref

    async def copy_to(self, path: Path, ref: str, *, size: int) -> None:
        """Write a blob of `size` bytes to `path`, a piece at a time; raises as `stream` does."""
        with path.open("wb") as written:
            if size:
                async for piece in await self.stream(ref, end=size):
                    await asyncio.to_thread(written.write, piece)

    async def written_before(self, moment: datetime) -> AsyncIterator[list[str]]:
        """The references of blobs last written before `moment`, a page at a time."""
        try:
            async for page in obstore.list(self._store, prefix="sha256", chunk_size=PAGE):
                yield [one["path"] for one in page if one["last_modified"] < moment]
        except (BaseError, OSError) as error:
            raise Unavailable("The blob store refused to list.", hint=HINT) from error

    async def discard(self, ref: str, *, written_before: datetime) -> bool:
        """Delete a blob unless it was written again since `written_before`; whether it went.

        Writing one again renews its time, so what somebody is about to name is safe.
        """
        try:
            found = await obstore.head_async(self._store, ref)
            if found["last_modified"] >= written_before:
                return False
            await obstore.delete_async(self._store, ref)
        except (BlobNotFound, FileNotFoundError):
            return False
        except (BaseError, OSError) as error:
            raise Unavailable("The blob store refused a delete.", hint=HINT) from error
        return True

    async def discard_uploads(self, before: datetime) -> int:
        """Delete what uploads that never ended before `before` have left behind; how many."""
        gone = 0
        try:
            async for page in obstore.list(self._store, prefix="uploads", chunk_size=PAGE):
                for one in page:
                    if one["last_modified"] < before:
                        await obstore.delete_async(self._store, one["path"])
                        gone += 1
        except (BaseError, OSError) as error:
            raise Unavailable("The blob store refused to list.", hint=HINT) from error
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            # In a folder the parts of an unfinished upload are files that no listing shows.
            folder = Path(self._store.prefix) / "uploads"
            gone += await asyncio.to_thread(_unlink_old, folder, before.timestamp())
        return gone

    async def _renew(self, ref: str, content: bytes) -> None:
        """Write a blob again that may be old enough for the janitor, before a row names it."""
        try:
            found = await obstore.head_async(self._store, ref)
            if datetime.now(UTC) - found["last_modified"] < FRESH:
                return
        except (BlobNotFound, FileNotFoundError):
            pass
        except (BaseError, OSError) as error:
            raise Unavailable("The blob store refused a read.", hint=HINT) from error
        try:
            await obstore.put_async(self._store, ref, content)
        except (BaseError, OSError) as error:
            raise Unavailable("The blob store refused a write.", hint=HINT) from error

    async def _discard(self, path: str) -> None:
        try:
            await obstore.delete_async(self._store, path)
        except (BaseError, OSError):
            # The janitor removes what lies under uploads/ and is old.
            return


def reference(sha256: str) -> str:
    """The blob's name for a sha256 in hex."""
    return f"sha256/{sha256[:2]}/{sha256}"


async def _chain(first: bytes, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """`first`, then what is left of `parts`."""
    yield first
    async for part in parts:
        yield part


async def _pieces(answer: "obstore.GetResult") -> AsyncIterator[bytes]:
    try:
        async for piece in answer.stream(min_chunk_size=PIECE_BYTES):
            yield bytes(piece)
    except (BaseError, OSError) as error:
        raise Unavailable("The blob store refused a read.", hint=HINT) from error


def size_of(text: str) -> int:
    """The size in bytes as UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def _unlink_old(folder: Path, before: float) -> int:
    gone = 0
    for part in folder.glob("*#*"):
        with contextlib.suppress(FileNotFoundError):
            if part.stat().st_mtime < before:
                part.unlink()
                gone += 1
    return gone
