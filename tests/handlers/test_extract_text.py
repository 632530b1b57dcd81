"""`extract_text`: documents of any kind, page by page."""

import io

import pytest
from newspaper_scans import market
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from examples.make_novel import make_novel
from haulage.documents.errors import DamagedPdf, DocumentFault, EncryptedPdf, TooManyPages
from haulage.domain.context import ChildOutcome
from haulage.domain.errors import HaulageError
from haulage.domain.ids import uuid7
from haulage.handlers.extract_text import TextInput, extract_text
from haulage.handlers.read_page import PageInput, read_page
from haulage.testing import FakeBlockingContext

LETTERS = (
    "BT /F1 12 Tf 10 50 Td (ABABABABABABABABAB) Tj ET\n"  # drawn by a font that names no letters
)


def reading() -> FakeBlockingContext:
    """A context whose children are run as they are asked for."""

    def run(child) -> ChildOutcome:
        try:
            result = read_page(PageInput.model_validate(child.input), ctx)
        except HaulageError as error:
            return ChildOutcome(uuid7(), "failed", error={"message": str(error)})
        return ChildOutcome(uuid7(), "succeeded", result.model_dump(mode="json"))

    ctx = FakeBlockingContext(on_child=run)
    return ctx


def extract(content: bytes, *, name: str = "document.pdf"):
    ctx = reading()
    return extract_text(TextInput(file=ctx.add_file(content, name=name).id), ctx).pages


def drawn(*pages, **more) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1, **more)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def words(canvas) -> None:
    canvas.drawString(72, 700, "Le vent tomba, la mer se calma, et les barques rentrèrent au port.")


def picture(canvas) -> None:
    canvas.drawImage(ImageReader(Image.new("L", (50, 70), 60)), 100, 100, 400, 600)


def without_unicode() -> bytes:
    """A PDF whose font draws glyphs `g1` and `g2`, of which nobody says which letters they are."""
    glyphs = "/FirstChar 65 /LastChar 66 /Widths [600 600]"
    encoding = "<< /Type /Encoding /Differences [65 /g1 /g2] >>"
    square = "600 0 0 0 500 700 d1 0 0 500 700 re f"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 100] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(LETTERS)} >>\nstream\n{LETTERS}endstream",
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 600 700] /FontMatrix [0.001 0 0 0.001 0 0] "
        f"/CharProcs << /g1 6 0 R /g2 6 0 R >> /Encoding {encoding} {glyphs} >>",
        f"<< /Length {len(square)} >>\nstream\n{square}\nendstream",
    ]
    body, places = "%PDF-1.4\n", []
    for number, text in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    body += f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    body += f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{body.index('xref')}\n%%EOF\n"
    return body.encode()


def test_a_novel_is_clean_text_page_by_page():
    pages = extract(make_novel(12))
    text = " ".join(page.text for page in pages)

    assert [page.page_number for page in pages] == list(range(1, 13))
    assert {page.language for page in pages} == {"fr"}
    assert "LES HEURES DE KERVADEC" not in text
    assert "— 3 —" not in text
    assert not any("-\n" in page.text for page in pages)


def test_a_scanned_image_is_read():
    stream = io.BytesIO()
    market().image.save(stream, "PNG", dpi=(200, 200))
    (page,) = extract(stream.getvalue(), name="ritaglio.png")

    assert (page.status, page.language) == ("processed", "it")
    assert "le acciughe si vendono a centodieci lire il chilo" in page.text


def test_one_bad_page_does_not_sink_the_others():
    pages = extract(drawn(words, picture, lambda canvas: None, words))

    assert [(page.status, page.reason) for page in pages] == [
        ("processed", ""),
        ("skipped", "only pictures, no text"),
        ("skipped", "blank"),
        ("processed", ""),
    ]


def test_a_page_with_nothing_on_it_is_none_that_failed():
    ctx = reading()
    extract_text(TextInput(file=ctx.add_file(drawn(words, lambda canvas: None)).id), ctx)

    assert (ctx.reports[-1].done, ctx.reports[-1].failed) == (2, 0)


def test_letters_that_no_font_names_are_not_taken_for_text():
    (page,) = extract(without_unicode())

    assert page.status == "skipped"
    assert "A" not in page.text


def test_a_hall_sized_page_is_read_within_the_memory():
    (page,) = extract(drawn(words, pagesize=(14_400, 14_400)))

    assert page.text.startswith("Le vent tomba")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (drawn(words)[:600], DamagedPdf),
        (drawn(words, encrypt=StandardEncryption("secret", "owner")), EncryptedPdf),
        (b"%PDF-1.7\n", DamagedPdf),
        (b"", DocumentFault),
        (b"no document at all, whatever its name says", DocumentFault),
        (drawn(*[lambda canvas: None] * 2_001), TooManyPages),
    ],
    ids=["truncated", "encrypted", "header only", "empty", "not a pdf", "too long"],
)
def test_a_bad_file_ends_the_job_with_its_reason_and_is_not_tried_again(content, fault):
    with pytest.raises(fault):
        extract(content)
