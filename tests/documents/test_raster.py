"""Pages as pixels: what images may be, and what they may not."""

import io
import struct
import zlib

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from haulage.documents.errors import DamagedImage, ImpossiblePage, TooManyPages, UnknownFormat
from haulage.documents.raster import MAX_PIXELS
from haulage.documents.sheets import open_sheets


def encoded(image: Image.Image, kind: str, **more) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **more)
    return stream.getvalue()


def raster_of(content: bytes, page: int = 1):
    with open_sheets(content) as sheets:
        return sheets.raster(page)


def claiming(width: int, height: int) -> bytes:
    """A PNG that says it is so large and holds nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("L", "PNG"), ("1", "TIFF"), ("RGB", "JPEG"), ("CMYK", "JPEG"), ("CMYK", "TIFF"),
     ("P", "PNG"), ("LA", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG")],
)  # fmt: skip
def test_colours_of_any_kind_become_grey(mode, kind):
    raster = raster_of(encoded(Image.new(mode, (60, 80)), kind))

    assert (raster.image.mode, raster.image.size) == ("L", (60, 80))


def test_what_is_transparent_is_white():
    raster = raster_of(encoded(Image.new("RGBA", (60, 80), (0, 0, 0, 0)), "PNG"))

    assert raster.image.getextrema() == (255, 255)


def test_a_tiff_has_as_many_pages_as_it_holds():
    pages = [Image.new("L", (60, 80), grey) for grey in (10, 20, 30)]
    content = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])

    with open_sheets(content) as sheets:
        assert sheets.count == 3
        assert [sheets.raster(page).image.getpixel((0, 0)) for page in (1, 2, 3)] == [10, 20, 30]


def test_a_tiff_of_too_many_pages_is_refused():
    page = Image.new("L", (40, 40))
    content = encoded(page, "TIFF", save_all=True, append_images=[page] * 5)

    with pytest.raises(TooManyPages, match="has 6 pages"), open_sheets(content, max_pages=5):
        pass


def test_the_resolution_that_the_file_says_is_believed_when_it_can_be():
    page = Image.new("L", (60, 80))

    assert raster_of(encoded(page, "PNG", dpi=(300, 300))).dpi == pytest.approx(300, abs=1)
    assert raster_of(encoded(page, "PNG", dpi=(9, 9))).dpi == 200


@pytest.mark.parametrize("size", [(1, 100_000), (100_000, 1), (40_000, 30_000), (3, 3)])
def test_an_impossible_page_is_refused_before_it_is_decoded(size):
    with pytest.raises(ImpossiblePage):
        raster_of(claiming(*size))


def test_a_cut_off_image_says_so():
    content = encoded(Image.effect_noise((300, 300), 50), "PNG")

    with pytest.raises(DamagedImage):
        raster_of(content[: len(content) // 2])


def test_what_is_no_document_is_refused():
    with pytest.raises(UnknownFormat), open_sheets(b"PK\x03\x04 something else"):
        pass


def test_a_page_as_large_as_a_hall_is_drawn_small():
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(14_400, 14_400))
    canvas.rect(100, 100, 5_000, 5_000, fill=1)
    canvas.save()

    raster = raster_of(stream.getvalue())

    assert raster.image.width * raster.image.height <= MAX_PIXELS


def test_a_pdf_page_holding_a_pixel_bomb_is_refused():
    bomb = Image.new("1", (12_000, 12_000))
    content = encoded(bomb, "PDF", resolution=1200)

    with pytest.raises(ImpossiblePage, match="12000 × 12000"):
        raster_of(content)
