"""From a response's bytes to text, within a limit that holds after decompression too.

A few kilobytes of gzip can unfold to gigabytes. So the content encoding is undone here, piece by
piece, and stops at the limit instead of finding out afterwards.
"""

import codecs
import re
import zlib
from collections.abc import AsyncIterator

from haulage.domain.errors import NotRetryable, Retryable

# What a request may announce: only what can be unfolded within a limit by the standard library.
ACCEPT_ENCODING = "gzip, deflate"
_GZIP = 16 + zlib.MAX_WBITS
_META_WITHIN = 2048
_META = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([a-zA-Z0-9_.:-]+)""", re.I)
_XML = re.compile(rb"""^\s*<\?xml[^>]+encoding\s*=\s*["']([a-zA-Z0-9_.:-]+)""", re.I)
# Python knows these too; decoding megabytes of punycode would take hours.
_NO_CHARSETS = frozenset(("punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"))
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


async def read_within(
    pieces: AsyncIterator[bytes], content_encoding: str, *, max_bytes: int
) -> bytes:
    """The whole body, decompressed.

    Raises `NotRetryable` past `max_bytes` or for an encoding nobody asked for, and `Retryable` when
    the compressed data are broken or end too early.
    """
    decoder = _decoder(content_encoding)
    body = bytearray()
    async for piece in pieces:
        body += decoder.decode(piece, max_bytes - len(body) + 1) if decoder else piece
        if len(body) > max_bytes:
            raise NotRetryable(
                f"The answer is larger than {max_bytes} bytes.", code="response_too_large"
            )
    if decoder is not None and not decoder.finished:
        raise Retryable("The compressed answer ended too early.", code="response_cut_off")
    return bytes(body)


def decode_text(body: bytes, declared: str | None) -> str:
    """Text by byte order mark, declared charset, the document's own word, UTF-8, Windows-1252."""
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return body.decode(charset, errors="replace")
    head = body[:_META_WITHIN]
    own = _META.search(head) or _XML.search(head)
    named = own[1].decode("ascii") if own else ""
    for charset in (declared or "", named, "utf-8"):
        text = _decoded(body, charset)
        if text is not None:
            return text
    return body.decode("cp1252", errors="replace")


class _Decoder:
    """Unfolds gzip or deflate, never more at once than it is asked for."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._inflater = zlib.decompressobj(window_bits)
        self._fresh = True

    @property
    def finished(self) -> bool:
        return self._fresh or self._inflater.eof

    def decode(self, piece: bytes, limit: int) -> bytes:
        try:
            return self._inflate(piece, limit)
        except zlib.error as error:
            if self._fresh and self._window_bits == zlib.MAX_WBITS:
                # Some servers send `deflate` without the zlib header the standard asks for.
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
                self._window_bits = -zlib.MAX_WBITS
                return self.decode(piece, limit)
            raise Retryable("The compressed answer is damaged.", code="response_damaged") from error

    def _inflate(self, piece: bytes, limit: int) -> bytes:
        unfolded = bytearray()
        while piece and len(unfolded) < limit:
            unfolded += self._inflater.decompress(piece, limit - len(unfolded))
            self._fresh = False
            piece = self._inflater.unconsumed_tail
            if self._inflater.eof:
                # gzip allows several members in a row; anything else after the end is padding.
                piece = self._inflater.unused_data
                if self._window_bits != _GZIP or not piece.startswith(b"\x1f\x8b"):
                    break
                self._inflater = zlib.decompressobj(_GZIP)
        return bytes(unfolded)


def _decoder(content_encoding: str) -> _Decoder | None:
    match content_encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return _Decoder(_GZIP)
        case "deflate":
            return _Decoder(zlib.MAX_WBITS)
        case other:
            raise NotRetryable(
                f"The answer is encoded as {other[:40]!r}, which was not asked for.",
                code="unsupported_encoding",
            )


def _decoded(body: bytes, charset: str) -> str | None:
    """None where the charset is unknown, does not fit, or is none that a page is written in."""
    try:
        return None if codecs.lookup(charset).name in _NO_CHARSETS else body.decode(charset)
    except (LookupError, ValueError):
        return None
