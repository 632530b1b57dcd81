"""Sizes of pictures by their headers, against what Pillow writes."""

import io
import struct

import pytest
from PIL import Image

from haulage.documents.errors import DamagedImage
from haulage.documents.media_types import media_type_of
from haulage.documents.pictures import Picture, read_picture


def written(kind: str, *, size: tuple[int, int] = (70, 30), **options: object) -> bytes:
    stream = io.BytesIO()
    mode = "CMYK" if options.pop("cmyk", False) else "RGB"
    Image.new(mode, size).save(stream, kind, **options)
    return stream.getvalue()


def read(tmp_path, content: bytes) -> Picture:
    (tmp_path / "picture").write_bytes(content)
    return read_picture(tmp_path / "picture", media_type_of(content))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"big_tiff": True}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "cmyk": True, "comment": b"\xff\xc0" * 500}),
    ],
)
def test_a_header_says_the_size(tmp_path, kind, options):
    assert read(tmp_path, written(kind, **options)) == Picture(70, 30)


def test_a_tiff_says_how_many_pages_it_has_and_its_largest(tmp_path):
    stream = io.BytesIO()
    others = [Image.new("L", (10, 500)), Image.new("L", (400, 10))]
    Image.new("L", (1, 1)).save(stream, "TIFF", save_all=True, append_images=others)
    assert read(tmp_path, stream.getvalue()) == Picture(400, 500, pages=3)


def test_pages_of_a_tiff_that_go_in_a_circle_end(tmp_path):
    page = struct.pack("<HHHIIHHIII", 2, 256, 4, 1, 9, 257, 4, 1, 9, 8)
    assert read(tmp_path, b"II*\x00" + struct.pack("<I", 8) + page) == Picture(9, 9)


@pytest.mark.parametrize(
    ("kind", "length"),
    [("PNG", 16), ("GIF", 8), ("BMP", 20), ("TIFF", 12), ("WEBP", 16), ("JPEG", 16)],
)
def test_a_picture_without_a_size_is_damaged(tmp_path, kind, length):
    with pytest.raises(DamagedImage):
        read(tmp_path, written(kind)[:length])


def test_a_picture_of_no_size_at_all_is_damaged(tmp_path):
    content = bytearray(written("PNG"))
    content[16:20] = bytes(4)
    with pytest.raises(DamagedImage):
        read(tmp_path, bytes(content))
