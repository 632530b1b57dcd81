"""Documents that harm, or seem to: what arrives when nobody looks. Each small, all made here."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

from newspaper_scans import market
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

WORDS = "Le vent tomba, la mer se calma, et les barques rentrèrent au port."
# Drawn by a font that names no letters.
_LETTERS = "BT /F1 12 Tf 10 50 Td (ABABABABABABABABAB) Tj ET\n"
_BOMB_BYTES = 1 << 30


def drawn(*pages: Callable[[Canvas], None], **more: object) -> bytes:
    """A PDF with a page for each of `pages`, which draw it."""
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1, **more)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def words(canvas: Canvas) -> None:
    canvas.drawString(72, 700, WORDS)


def picture(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.new("L", (50, 70), 60)), 100, 100, 400, 600)


def nothing(canvas: Canvas) -> None:
    del canvas


def turned(canvas: Canvas) -> None:
    canvas.setPageRotation(90)
    canvas.drawString(72, 400, WORDS)


def encrypted() -> bytes:
    return drawn(words, encrypt=StandardEncryption("secret", "owner"))


def without_unicode() -> bytes:
    """A PDF whose font draws glyphs `g1` and `g2`, of which nobody says which letters they are."""
    square = b"600 0 0 0 500 700 d1 0 0 500 700 re f"
    return raw_pdf(
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 100] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        _stream(_LETTERS.encode()),
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 600 700] /FontMatrix [0.001 0 0 0.001 0 0] "
        b"/CharProcs << /g1 6 0 R /g2 6 0 R >> "
        b"/Encoding << /Type /Encoding /Differences [65 /g1 /g2] >> "
        b"/FirstChar 65 /LastChar 66 /Widths [600 600] >>",
        _stream(square),
    )


def of_pages(count: int) -> bytes:
    """A PDF of so many blank pages, 50 bytes each."""
    kids = " ".join(f"{number} 0 R" for number in range(3, count + 3))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] >>"
    return raw_pdf(*[page] * count, kids=kids, count=count)


def swollen_page() -> bytes:
    """A page whose drawing is a megabyte that unpacks to a gigabyte."""
    content = _packed(b" ", _BOMB_BYTES)
    return raw_pdf(
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 4 0 R >>",
        _stream(content, b"/Filter /FlateDecode"),
    )


def swollen_picture() -> bytes:
    """A page that shows a picture of 32,000 × 32,000 pixels, a megabyte in the file."""
    content = _packed(b"\0", _BOMB_BYTES)
    image = (
        b"/Type /XObject /Subtype /Image /Width 32000 /Height 32000 /BitsPerComponent 8 "
        b"/ColorSpace /DeviceGray /Filter /FlateDecode"
    )
    return raw_pdf(
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 4 0 R "
        b"/Resources << /XObject << /I 5 0 R >> >> >>",
        _stream(b"300 0 0 400 0 0 cm /I Do"),
        _stream(content, image),
    )


def zip_bomb() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a", bytes(300 << 20))
    return written.getvalue()


def thread_of_pixels() -> bytes:
    """A PNG of 1 × 100,000 pixels, whole and correct."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 1, 100_000, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(2 * 100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def scan_in_print_colours() -> bytes:
    """A scanned article as a JPEG in CMYK."""
    written = io.BytesIO()
    market().image.convert("CMYK").save(written, "JPEG", dpi=(200, 200), quality=85)
    return written.getvalue()


def raw_pdf(*objects: bytes, kids: str = "3 0 R", count: int = 1) -> bytes:
    """A PDF of these objects, numbered from 3; the first `count` are its pages."""
    whole: Sequence[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        *objects,
    ]
    body, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(whole, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table, size = len(body), len(whole) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n" % size
    body += b"".join(b"%010d 00000 n \n" % place for place in places)
    body += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, table)
    return bytes(body)


def _stream(content: bytes, says: bytes = b"") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(content), says, content)


def _packed(byte: bytes, count: int) -> bytes:
    """So many equal bytes by zlib, a megabyte packed once and said again and again."""
    piece = byte * (1 << 20)
    made = zlib.compressobj(9)
    head = made.compress(b"") + made.flush(zlib.Z_FULL_FLUSH)
    block = made.compress(piece) + made.flush(zlib.Z_FULL_FLUSH)
    summed = 1
    for _ in range(count >> 20):
        summed = zlib.adler32(piece, summed)
    # An empty last block, and the sum of what was packed.
    return head + block * (count >> 20) + b"\x03\x00" + struct.pack(">I", summed)
