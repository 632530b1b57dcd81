"""What the streams of a PDF come to: a page's drawing, a megabyte in the file, may be a gigabyte.

PDFium unpacks a stream whole. One such page would take the process that reads it, and with it the
other pages of its job. Pictures are weighed by their pixels elsewhere, and attachments are never
opened. Streams that are packed twice are left to the limit of memory.
"""

import mmap
import os
import re
import zlib

from haulage.documents.errors import ArchiveBomb

# The largest drawings are maps and plans, tens of megabytes; the largest fonts are as large.
MOST_BYTES = 200 * 1024 * 1024
# Deflate makes at most 1,032 out of one, so that what is shorter is no matter.
_SHORTEST = MOST_BYTES // 1_032
_HEAD_BYTES = 4_000
_STREAM = re.compile(rb"stream\r?\n")
_PASSED_OVER = re.compile(rb"/Image\b|/EmbeddedFile\b")
_PACKED = re.compile(rb"/Filter\s*(?:\[\s*/FlateDecode\s*\]|/FlateDecode\b)")
_PIECE = 1024 * 1024


def check_streams(path: os.PathLike[str]) -> None:
    """Raise `ArchiveBomb` where a stream unpacks to more than `MOST_BYTES`. Keeps nothing of it."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = 0
        while (begun := _STREAM.search(content, at)) is not None:
            end = content.find(b"endstream", begun.end())
            at = end + len(b"endstream") if end >= 0 else len(content)
            if at - begun.end() > _SHORTEST and _is_packed(content, begun.start()):
                _weigh(content, begun.end(), at)


def _is_packed(content: mmap.mmap, stream: int) -> bool:
    head = content[max(0, stream - _HEAD_BYTES) : stream].rpartition(b"obj")[2]
    return _PACKED.search(head) is not None and _PASSED_OVER.search(head) is None


def _weigh(content: mmap.mmap, begin: int, end: int) -> None:
    inflater = zlib.decompressobj()
    size = 0
    try:
        while begin < end and not inflater.eof:
            piece = content[begin : min(begin + _PIECE, end)]
            begin += len(piece)
            while piece and not inflater.eof:
                size += len(inflater.decompress(piece, _PIECE))
                piece = inflater.unconsumed_tail
                if size > MOST_BYTES:
                    raise ArchiveBomb(
                        "A page, a font or another part of the PDF unpacks to more than "
                        f"{MOST_BYTES >> 20} MB."
                    )
    except zlib.error:
        # Damaged; what can be read of it is for the reader to say.
        return
