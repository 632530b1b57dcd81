"""What a file is, by its first bytes."""

import io
import zipfile

import pytest

from haulage.documents.media_types import HEAD_BYTES, media_type_of

OFFICE = "application/vnd.openxmlformats-officedocument"


def zipped(*names: str, mimetype: str = "") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()[:HEAD_BYTES]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
        (b"\x00rubbish\r\n%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF89a\x01\x00\x01\x00", "image/gif"),
        (b"II*\x00\x08\x00\x00\x00", "image/tiff"),
        (b"MM\x00+\x00\x08\x00\x00", "image/tiff"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"BM\x00\x01\x00\x00\x00\x00\x00\x00\x36", "image/bmp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x1f\x8b\x08\x00", "application/gzip"),
        (bytes(257) + b"ustar\x0000", "application/x-tar"),
        (zipped("a.txt"), "application/zip"),
        (zipped("[Content_Types].xml", "word/document.xml"), f"{OFFICE}.wordprocessingml.document"),
        (zipped("a", mimetype="application/epub+zip"), "application/epub+zip"),
        (b"PK\x05\x06" + bytes(18), "application/zip"),
        (b"  <!DOCTYPE html><title>", "text/html"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "application/xml"),
        ("Où vas-tu ?\n".encode(), "text/plain"),
        ("Où vas-tu ?\n".encode("latin-1"), "text/plain"),
        ("\ufeffOù".encode("utf-16-le"), "text/plain"),
        (b"\x00\x01\x02", "application/octet-stream"),
    ],
)  # fmt: skip
def test_the_content_decides(head, kind):
    for said in ("application/octet-stream", "image/png", "application/pdf", "application/zip"):
        assert media_type_of(head, said) == kind


@pytest.mark.parametrize(
    ("head", "said", "kind"),
    [
        (b"a,b\n1,2\n", "text/csv", "text/csv"),
        (b'{"a": 1}', "application/json", "application/json"),
        (b"# Title", "text/markdown", "text/markdown"),
        (b"ID3\x04\x00", "audio/mpeg", "audio/mpeg"),
        (b"\x00\x01\x02", "text/csv", "application/octet-stream"),
        (b"text", "audio/mpeg", "text/plain"),
    ],
)
def test_who_sends_it_is_believed_where_content_does_not_tell(head, said, kind):
    assert media_type_of(head, said) == kind
