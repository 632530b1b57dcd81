"""What a file is, by its first bytes. Its name says nothing; what its sender says counts only where
content can't tell: among kinds of text, and for formats whose beginning is not known here.
"""

import codecs
import re

HEAD_BYTES = 8192
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
PDF = "application/pdf"
ZIP = "application/zip"
GZIP = "application/gzip"
PNG, JPEG, GIF = "image/png", "image/jpeg", "image/gif"
TIFF, WEBP, BMP = "image/tiff", "image/webp", "image/bmp"
PICTURES = (PNG, JPEG, GIF, TIFF, WEBP, BMP)

# PDF readers accept rubbish before the header within this distance (PDF 1.7, implementation notes).
_PDF_WITHIN = 1024
# Beginning, and the media type.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\x1f\x8b", GZIP),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
)
# What a ZIP holds, by names that stand at its beginning.
_OFFICE = "application/vnd.openxmlformats-officedocument"
_IN_ZIP = (
    (b"word/", f"{_OFFICE}.wordprocessingml.document"),
    (b"xl/", f"{_OFFICE}.spreadsheetml.sheet"),
    (b"ppt/", f"{_OFFICE}.presentationml.presentation"),
)
_MIMETYPE = re.compile(rb"mimetype(application/[a-z0-9.+-]{1,80})")
_MARKUP = ((b"<!doctype html", "text/html"), (b"<html", "text/html"), (b"<?xml", "application/xml"))
# Every type that is known by its content: nobody has it by saying so.
_KNOWN = {
    PDF, WEBP, BMP, "image/heic", "image/avif", "application/x-tar",
    *(kind for _, kind in _SIGNATURES), *(kind for _, kind in _IN_ZIP),
}  # fmt: skip
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27})


def media_type_of(head: bytes, said: str = UNKNOWN) -> str:
    """The media type of a file that begins with `head` (`HEAD_BYTES` of it, or all)."""
    for beginning, kind in _SIGNATURES:
        if head.startswith(beginning):
            return _in_zip(head) if kind == ZIP else kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return BMP
    if head[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        return "image/heic"
    if head[4:12] == b"ftypavif":
        return "image/avif"
    if head[257:262] == b"ustar":
        return "application/x-tar"
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return PDF
    if _is_text(head):
        return _kind_of_text(head, said)
    return UNKNOWN if said in _KNOWN or _says_text(said) else said


def _in_zip(head: bytes) -> str:
    if declared := _MIMETYPE.match(head[30:]):
        return declared[1].decode()
    return next((kind for name, kind in _IN_ZIP if name in head), ZIP)


def _is_text(head: bytes) -> bool:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    # UTF-8 or one of the older encodings: no format of bytes goes long without a control character.
    return head.translate(None, _CONTROLS) == head


def _kind_of_text(head: bytes, said: str) -> str:
    begins = head.removeprefix(codecs.BOM_UTF8).lstrip()[:20].lower()
    for beginning, kind in _MARKUP:
        if begins.startswith(beginning):
            return kind
    return said if _says_text(said) else TEXT


def _says_text(said: str) -> bool:
    return (
        said.startswith("text/")
        or said.endswith(("+json", "+xml"))
        or said in ("application/json", "application/x-ndjson", "application/xml")
    )
