"""How large a picture is and how many pages it has, by its header alone: no pixel is decoded."""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from haulage.documents.errors import DamagedImage
from haulage.documents.media_types import BMP, GIF, JPEG, PNG, TIFF, WEBP

# Segments of a JPEG and pages of a TIFF that are looked at; more is an attack.
_MAX_STEPS = 10_000
_STARTS_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WIDTH, _HEIGHT = 256, 257
# Bytes of a TIFF's field types that sizes come in: BYTE, SHORT, LONG, LONG8.
_FIELDS = {1: "B", 3: "H", 4: "I", 16: "Q"}


@dataclass(frozen=True, slots=True)
class Picture:
    """In pixels; of several pages, the largest width and the largest height."""

    width: int
    height: int
    pages: int = 1


def read_picture(path: os.PathLike[str], media_type: str) -> Picture:
    """The picture at `path`; raises `DamagedImage`."""
    with open(path, "rb") as file:
        try:
            picture = _READERS[media_type](file)
        except (struct.error, IndexError, KeyError, OverflowError) as error:
            raise DamagedImage("The picture is cut off or damaged: it has no size.") from error
    if not (picture.width and picture.height):
        raise DamagedImage("The picture is damaged: it has no size.")
    return picture


def _png(file: BinaryIO) -> Picture:
    file.seek(12)
    if file.read(4) != b"IHDR":
        raise IndexError
    return Picture(*struct.unpack(">II", file.read(8)))


def _gif(file: BinaryIO) -> Picture:
    file.seek(6)
    return Picture(*struct.unpack("<HH", file.read(4)))


def _bmp(file: BinaryIO) -> Picture:
    file.seek(18)
    width, height = struct.unpack("<ii", file.read(8))
    # A negative height is a picture that is stored from its top.
    return Picture(abs(width), abs(height))


def _webp(file: BinaryIO) -> Picture:
    file.seek(12)
    kind = file.read(4)
    file.seek(20)
    if kind == b"VP8X":
        packed = file.read(10)
        return Picture(_three(packed[4:7]) + 1, _three(packed[7:10]) + 1)
    if kind == b"VP8L":
        (packed_size,) = struct.unpack("<xI", file.read(5))
        return Picture((packed_size & 0x3FFF) + 1, (packed_size >> 14 & 0x3FFF) + 1)
    width, height = struct.unpack("<6xHH", file.read(10))
    return Picture(width & 0x3FFF, height & 0x3FFF)


def _three(packed: bytes) -> int:
    return packed[0] | packed[1] << 8 | packed[2] << 16


def _jpeg(file: BinaryIO) -> Picture:
    file.seek(2)
    for _ in range(_MAX_STEPS):
        byte = file.read(1)[0]
        if byte != 0xFF:
            raise IndexError
        while byte == 0xFF:
            byte = file.read(1)[0]
        if byte in _STARTS_OF_FRAME:
            height, width = struct.unpack(">3xHH", file.read(7))
            return Picture(width, height)
        (length,) = struct.unpack(">H", file.read(2))
        file.seek(length - 2, os.SEEK_CUR)
    raise IndexError


def _tiff(file: BinaryIO) -> Picture:
    head = file.read(4)
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:].strip(b"\x00") == b"+"
    if big:
        file.seek(8)
    count_form, offset_form, entry_form = ("Q", "Q", "HHQ8s") if big else ("H", "I", "HHI4s")

    def read(form: str) -> tuple:  # type: ignore[type-arg]
        return struct.unpack(order + form, file.read(struct.calcsize(order + form)))

    (offset,) = read(offset_form)
    seen: set[int] = set()
    width = height = 0
    while offset and offset not in seen and len(seen) < _MAX_STEPS:
        seen.add(offset)
        file.seek(offset)
        (count,) = read(count_form)
        for _ in range(min(count, _MAX_STEPS)):
            tag, kind, _, value = read(entry_form)
            if tag in (_WIDTH, _HEIGHT):
                form = order + _FIELDS[kind]
                (size,) = struct.unpack(form, value[: struct.calcsize(form)])
                width, height = (
                    (max(width, size), height) if tag == _WIDTH else (width, max(height, size))
                )
        (offset,) = read(offset_form)
    return Picture(width, height, len(seen))


_READERS: dict[str, Callable[[BinaryIO], Picture]] = {
    PNG: _png,
    GIF: _gif,
    BMP: _bmp,
    WEBP: _webp,
    JPEG: _jpeg,
    TIFF: _tiff,
}
