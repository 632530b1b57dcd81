"""A page as people look at it."""

import io

import pytest
from PIL import Image, ImageDraw
from pypdfium2 import PdfDocument
from reportlab.lib.colors import red
from reportlab.pdfgen.canvas import Canvas

from haulage.documents.errors import DamagedImage, ImpossiblePage
from haulage.documents.page_images import WIDEST
from haulage.documents.sheets import open_sheets


def shown(file: bytes, page: int = 1, *, wide: int = 400) -> Image.Image:
    with open_sheets(file) as sheets:
        return Image.open(io.BytesIO(sheets.jpeg(page, wide=wide)))


def pdf(*, size=(300, 600)) -> bytes:
    """A page with a red corner, upper left."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=size)
    canvas.setFillColor(red)
    canvas.rect(0, size[1] - 100, 100, 100, stroke=0, fill=1)
    canvas.save()
    return stream.getvalue()


def picture(mode: str = "RGB", size=(300, 600), kind: str = "PNG", **options) -> bytes:
    image = Image.new(mode, size)
    ImageDraw.Draw(image).rectangle((0, 0, *size), fill="white" if mode in ("RGB", "L") else None)
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def test_a_pdfs_page_is_shown_in_colour_as_wide_as_asked_for():
    image = shown(pdf(), wide=400)

    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (400, 800))
    assert image.getpixel((20, 20))[0] > 200 > 60 > image.getpixel((20, 20))[2]
    assert min(image.getpixel((300, 600))) > 240


def test_a_page_is_shown_the_way_up_that_its_file_says():
    turned = io.BytesIO()
    document = PdfDocument(pdf())
    document[0].set_rotation(90)
    document.save(turned)

    image = shown(turned.getvalue(), wide=600)

    assert image.size == (600, 300)
    assert image.getpixel((580, 20))[2] < 60, "turned clockwise, the corner is at the right"


def test_a_photograph_lies_as_its_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6

    assert shown(picture(kind="JPEG", exif=exif), wide=2_000).size == (600, 300)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_kind_of_colour_can_be_shown(mode):
    assert shown(picture(mode, kind="TIFF"), wide=100).size == (100, 200)


def test_an_image_is_not_enlarged():
    assert shown(picture(size=(90, 120)), wide=400).size == (90, 120)


def test_what_is_clear_in_an_image_is_white():
    assert min(shown(picture("RGBA")).convert("RGB").getpixel((10, 10))) > 250


def test_each_page_of_a_tiff_is_its_own():
    stream = io.BytesIO()
    pages = [Image.new("L", (100, 100), grey) for grey in (0, 255)]
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])

    assert [shown(stream.getvalue(), page).getpixel((50, 50)) for page in (1, 2)] == [0, 255]


def test_a_strip_of_paper_fills_no_memory():
    image = shown(pdf(size=(100, 1_900)), wide=WIDEST)

    assert image.width * image.height <= 12_100_000


def test_a_page_that_nobody_can_print_is_refused():
    with pytest.raises(ImpossiblePage):
        shown(pdf(size=(10, 14_000)))


def test_an_image_that_is_cut_off_says_so():
    image = Image.effect_noise((400, 400), 80)
    stream = io.BytesIO()
    image.save(stream, "PNG")

    with pytest.raises(DamagedImage):
        shown(stream.getvalue()[: len(stream.getvalue()) // 2])
