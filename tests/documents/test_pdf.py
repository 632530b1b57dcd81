"""PDF reading against PDFs made on the spot, good and bad."""

import io
from collections.abc import Sequence

import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from haulage.documents.errors import (
    DamagedPdf,
    DocumentFault,
    EncryptedPdf,
    NotAPdf,
    TooManyPages,
)
from haulage.documents.pdf import page_count, page_texts
from haulage.domain.errors import Verdict, classify


def make_pdf(pages: Sequence[Sequence[str]], *, password: str | None = None) -> bytes:
    stream = io.BytesIO()
    encrypt = StandardEncryption(password) if password else None
    canvas = Canvas(stream, invariant=1, encrypt=encrypt)
    for lines in pages:
        for number, line in enumerate(lines):
            canvas.drawString(72, 720 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def test_the_text_of_each_page_keeps_its_lines():
    content = make_pdf([["Première ligne", "où l'été œuvre"], ["Deuxième page"]])

    pages = page_texts(content)

    assert [(page.page, page.text, page.fault) for page in pages] == [
        (1, "Première ligne\noù l'été œuvre", None),
        (2, "Deuxième page", None),
    ]


def test_a_pdf_is_read_from_its_path_too(tmp_path):
    content = make_pdf([["une page"]])
    (tmp_path / "whole.pdf").write_bytes(content)
    (tmp_path / "cut.pdf").write_bytes(content[:400])
    (tmp_path / "empty.pdf").touch()

    assert page_texts(tmp_path / "whole.pdf") == page_texts(content)
    with pytest.raises(DamagedPdf, match="cut off"):
        page_count(tmp_path / "cut.pdf")
    with pytest.raises(NotAPdf, match="empty"):
        page_count(tmp_path / "empty.pdf")


def test_a_page_range_includes_both_ends():
    content = make_pdf([[f"page {number}"] for number in range(1, 6)])

    assert [page.text for page in page_texts(content, 2, 4)] == ["page 2", "page 3", "page 4"]


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 1), (1, 3)])
def test_a_page_range_outside_the_document_is_a_programming_fault(first, last):
    with pytest.raises(ValueError, match="not within 1-2"):
        page_texts(make_pdf([["a"], ["b"]]), first, last)


def test_a_hyphen_at_a_line_end_keeps_its_line_end():
    assert page_texts(make_pdf([["une extraor-", "dinaire histoire"]]))[0].text == (
        "une extraor-\ndinaire histoire"
    )


@pytest.mark.parametrize(
    ("content", "error", "sentence"),
    [
        (b"", NotAPdf, "empty"),
        (b"PK\x03\x04 a zip file", NotAPdf, "not a PDF"),
        (b"<html>no</html>" * 300, NotAPdf, "not a PDF"),
        (b"%PDF-1.7\n", DamagedPdf, "cut off"),
        (b"%PDF-1.7\nrubbish\n%%EOF\n", DamagedPdf, "damaged"),
    ],
)
def test_what_is_no_usable_pdf_says_why_and_is_not_retried(content, error, sentence):
    with pytest.raises(error, match=sentence) as raised:
        page_count(content)

    assert classify(raised.value) is Verdict.FAIL


def test_a_truncated_pdf_without_a_whole_page_is_called_cut_off():
    content = make_pdf([["texte"] * 30 for _ in range(20)])

    with pytest.raises(DamagedPdf, match="cut off"):
        page_count(content[: content.index(b"stream")])


def test_an_encrypted_pdf_asks_for_an_open_copy():
    with pytest.raises(EncryptedPdf, match="password"):
        page_count(make_pdf([["secret"]], password="user"))


def test_too_many_pages_are_refused_with_both_numbers():
    with pytest.raises(TooManyPages, match=r"4 pages; at most 3"):
        page_count(make_pdf([["x"]] * 4), max_pages=3)


def test_a_scanned_page_is_reported_in_its_place_and_the_others_are_read():
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    canvas.drawString(72, 700, "avant")
    canvas.showPage()
    canvas.drawImage(ImageReader(Image.new("L", (40, 40), 128)), 0, 0, 400, 600)
    canvas.showPage()
    canvas.drawString(72, 700, "après")
    canvas.save()

    pages = page_texts(stream.getvalue())

    assert [page.text for page in pages] == ["avant", "", "après"]
    assert [page.fault is None for page in pages] == [True, False, True]
    assert "image" in (pages[1].fault or "")


def test_a_blank_page_is_no_fault():
    assert page_texts(make_pdf([[]]))[0].fault is None


def test_a_page_that_pdfium_cannot_open_is_reported_in_its_place():
    content = make_pdf([["un"], ["deux"], ["trois"]])
    broken = _without_page_two(content)

    pages = page_texts(broken)

    assert [page.text for page in pages] == ["un", "", "trois"]
    assert pages[1].fault == "The page cannot be opened."


def test_a_page_of_enormous_size_costs_no_memory_to_read():
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(14_400, 14_400), invariant=1)
    canvas.drawString(72, 700, "vaste")
    canvas.save()

    assert page_texts(stream.getvalue())[0].text == "vaste"


def test_every_document_fault_has_a_code_of_its_own():
    faults = [NotAPdf, DamagedPdf, EncryptedPdf, TooManyPages]

    assert len({fault.code for fault in faults} | {DocumentFault.code}) == len(faults) + 1


def _without_page_two(content: bytes) -> bytes:
    """The same file, its second page object turned into something that is no page."""
    kids = content.index(b"/Kids [")
    second = content[kids:].split()[5]  # /Kids [ 1 0 R 2 …
    head = b"\n" + second + b" 0 obj\n"
    start = content.index(head) + len(head)
    end = content.index(b"endobj", start)
    # Same length, so that every offset of the cross-reference table still holds.
    return content[:start] + b"42".ljust(end - start) + content[end:]
