"""What an archive would come to if somebody unpacked it. Nothing that comes of it is kept."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from haulage.documents.errors import ArchiveBomb, DamagedArchive

# Deflate alone makes 1,032 out of one; text and XML make 20.
MAX_RATIO = 200
# Below this, no ratio matters.
HARMLESS_BYTES = 100 * 1024 * 1024
MAX_ENTRIES = 100_000
# Of a gzip file: half a second's work.
TRIED_BYTES = 200 * 1024 * 1024
READ_BYTES, UNPACKED_BYTES = 64 * 1024, 1024 * 1024


def check_zip(path: os.PathLike[str]) -> None:
    """Raise `ArchiveBomb` or `DamagedArchive`; by the archive's own list of what it holds."""
    size = os.stat(path).st_size
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise DamagedArchive("The archive is cut off or damaged: it has no list.") from error
    if len(entries) > MAX_ENTRIES:
        raise ArchiveBomb(f"The archive holds {len(entries)} files; at most {MAX_ENTRIES} do.")
    _weigh(size, sum(entry.file_size for entry in entries))
    # Entries that share their bytes: a few kB that unpack to terabytes.
    if sum(entry.compress_size for entry in entries) > size:
        raise ArchiveBomb("The files in the archive overlap.")


def check_gzip(path: os.PathLike[str]) -> None:
    """Raise `ArchiveBomb`, by the size that a gzip file gives at its end, and by what its beginning
    unpacks to: that size is of its last part alone, and counts anew after 4 GB."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - 4))
        _weigh(size, int.from_bytes(file.read(4), "little"))
        file.seek(0)
        unpacked = 0
        for piece in _pieces(file):
            unpacked += piece
            _weigh(file.tell(), unpacked)
            if unpacked > TRIED_BYTES:
                return


def _pieces(file: BinaryIO) -> Iterator[int]:
    """The sizes of what a gzip file unpacks to, piece by piece; ends where it is damaged."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    left = file.read(READ_BYTES)
    while left:
        try:
            yield len(unpacker.decompress(left, UNPACKED_BYTES))
        except zlib.error:
            return
        left = unpacker.unconsumed_tail
        if unpacker.eof:
            left = unpacker.unused_data
            unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        left = left or file.read(READ_BYTES)


def _weigh(size: int, unpacked: int) -> None:
    if unpacked > HARMLESS_BYTES and unpacked > MAX_RATIO * size:
        raise ArchiveBomb(
            f"The archive would unpack to {unpacked} bytes, {unpacked // max(size, 1)} times its "
            "own size."
        )
