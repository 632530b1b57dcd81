"""A PDF that is cut off: the pages that are left are read, and what is missing is said."""

import io

import pytest
from reportlab.pdfgen.canvas import Canvas

from haulage.documents.errors import DamagedPdf, DocumentFault
from haulage.documents.pdf import CUT_HERE, CUT_PAGE, page_count, page_texts
from haulage.documents.sheets import open_sheets


@pytest.fixture(scope="module")
def whole() -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    for page in range(1, 21):
        for line in range(20):
            canvas.drawString(72, 700 - 20 * line, f"page {page} line {line} {page * line}")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def test_the_pages_before_the_cut_are_read_and_the_others_named(whole):
    pages = page_texts(whole[: len(whole) * 3 // 4])

    read = [page.page for page in pages if not page.fault]
    assert 5 < len(read) < 20
    assert read == list(range(1, len(read) + 1))
    assert all(f"page {page.page} line 19" in page.text for page in pages[: len(read)])
    assert {page.fault for page in pages[len(read) : -1]} == {CUT_PAGE}
    assert pages[-1].fault == CUT_HERE


def test_where_only_the_table_is_lost_all_pages_are_read(whole, tmp_path):
    path = tmp_path / "cut.pdf"
    path.write_bytes(whole[: whole.rindex(b"xref", 0, -40)])

    pages = page_texts(path)

    assert [page.fault for page in pages] == [None] * 20 + [CUT_HERE]
    assert page_count(path) == 21


def test_a_page_that_is_cut_off_is_a_fault_and_no_blank_page(whole):
    with open_sheets(whole[: len(whole) * 3 // 4]) as sheets:
        assert sheets.printed(1)
        with pytest.raises(DocumentFault, match="cut off, and with it"):
            sheets.printed(sheets.count - 1)
        with pytest.raises(DocumentFault, match="what follows is missing"):
            sheets.printed(sheets.count)
        with pytest.raises(DocumentFault, match="what follows is missing"):
            sheets.jpeg(sheets.count, wide=100)


def test_a_file_of_which_no_page_is_left_is_refused(whole):
    with pytest.raises(DamagedPdf, match="cut off"):
        page_count(whole[: whole.index(b"stream")])


@pytest.mark.timeout(20)
def test_a_file_of_beginnings_without_ends_takes_no_time():
    with pytest.raises(DamagedPdf):
        page_count(b"%PDF-1.7\n" + b"1 0 obj\n" * 1_000_000)
