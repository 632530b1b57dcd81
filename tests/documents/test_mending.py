"""A PDF that is cut off: the pages that are left are read, and what is missing is said."""

import io
import re
import zlib

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


def packed(whole: bytes, *, fonts_last: bool = False) -> bytes:
    """The same file with all that is no stream of its own packed, in tens, as PDF 1.5 has it."""
    objects = re.findall(rb"^(\d+) 0 obj\n(.*?)\nendobj", whole, re.DOTALL | re.MULTILINE)
    streams = [one for one in objects if b"stream" in one[1]]
    plain = [one for one in objects if b"stream" not in one[1]]
    fonts = [one for one in plain if fonts_last and b"/Font" in one[1]]
    plain = [one for one in plain if one not in fonts]
    written = [b"%PDF-1.5\n"]
    places: dict[int, tuple[int, int, int]] = {}

    def write(number: int, body: bytes) -> None:
        places[number] = (1, sum(map(len, written)), 0)
        written.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def pack(number: int, some: list[tuple[bytes, bytes]]) -> None:
        bodies, header = b"", b""
        for place, (one, body) in enumerate(some):
            places[int(one)] = (2, number, place)
            header += b"%b %d " % (one, len(bodies))
            bodies += body + b"\n"
        write(number, object_stream(header, bodies, len(some)))

    free = len(objects) + 1
    for first in range(0, len(plain), 10):
        pack(free + first, plain[first : first + 10])
    for number, body in streams:
        write(int(number), body)
    if fonts:
        pack(free + len(plain), fonts)
    root = re.search(rb"/Root (\d+) 0 R", whole)
    assert root
    table = free + len(plain) + 1
    write(table, b"")
    entries = b"".join(
        kind.to_bytes(1, "big") + one.to_bytes(4, "big") + two.to_bytes(2, "big")
        for kind, one, two in (places.get(number, (0, 0, 0)) for number in range(table + 1))
    )
    head = b"<</Type/XRef/Size %d/W[1 4 2]/Root %b 0 R/Length %d>>"
    head %= (table + 1, root[1], len(entries))
    written[-1] = b"%d 0 obj\n%b\nstream\n%b\nendstream\nendobj\n" % (table, head, entries)
    return b"".join(written) + b"startxref\n%d\n%%%%EOF\n" % places[table][1]


def object_stream(header: bytes, bodies: bytes, count: int) -> bytes:
    content = zlib.compress(header + bodies)
    head = b"<</Type/ObjStm/N %d/First %d" % (count, len(header))
    head += b"/Filter/FlateDecode/Length %d>>" % len(content)
    return head + b"\nstream\n" + content + b"\nendstream"


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


def test_objects_that_are_packed_are_found_as_the_table_finds_them(whole):
    small = packed(whole)

    assert b"/ObjStm" in small
    assert page_texts(small) == page_texts(whole)


@pytest.mark.parametrize("percent", [30, 60, 90])
def test_of_packed_pages_those_before_the_cut_are_read_and_the_others_named(whole, percent):
    small = packed(whole)
    pages = page_texts(small[: len(small) * percent // 100])

    read = [page.page for page in pages if not page.fault]
    assert 20 * percent // 100 - 6 <= len(read) < 20
    assert read == list(range(1, len(read) + 1))
    assert [page.text for page in pages[: len(read)]] == [
        page.text for page in page_texts(whole)[: len(read)]
    ]
    assert pages[-1].fault == CUT_HERE


def test_a_page_whose_font_is_lost_is_not_guessed_at(whole):
    small = packed(whole, fonts_last=True)
    assert page_texts(small) == page_texts(whole)

    with pytest.raises(DamagedPdf, match="cut off"):
        page_count(small[: small.rindex(b"/ObjStm")])


def test_of_a_stream_of_objects_that_is_cut_itself_the_first_ones_are_found():
    page = b"<</Type/Page/MediaBox[0 0 99 99]/Contents 1 0 R>> "
    drawn = b"%PDF-1.5\n1 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\n2 0 obj\n"
    pages = object_stream(b"3 0 4 %d " % len(page), 2 * page, 2)

    # The page that is found, and the one for what is missing.
    assert page_count(drawn + pages[:-15]) == 2


@pytest.mark.timeout(20)
@pytest.mark.parametrize("header", [b"1 0 " * 500_000, b"1 0 2 99999999999 ", b"one two "])
def test_a_stream_of_objects_that_lies_or_is_a_bomb_is_refused(header):
    bomb = object_stream(header, bytes(80 * 1024 * 1024), 9_999_999)

    with pytest.raises(DamagedPdf):
        page_count(b"%PDF-1.5\n1 0 obj\n" + bomb + b"\nendobj\n")
