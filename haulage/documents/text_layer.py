"""A PDF page's text layer as lines with places, sizes and styles.

Promises: lines as they are printed, read upright whatever the page's rotation or the text's own;
a gap as wide as a gutter parts a line. A page whose fonts do not say which letters they draw has
no usable text layer: `None`, as for one that shows things without text. A blank page has no lines.
"""

import ctypes
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import atan2, hypot, pi
from typing import Any

from haulage.documents.pdf import MAX_PAGE_CHARACTERS, shows_an_image, shows_anything
from haulage.documents.print import Line, PrintedPage

# A gap wider than this, in units of the type's size, is a gutter.
_GUTTER = 1.3
# A layer with this share of letters that no Unicode map names is rubbish.
_UNMAPPED = 0.15
_HYPHEN = 0x02
_ITALIC_FLAG = 1 << 6
_BOLD_WEIGHT = 600
_BOLD_NAMES = ("bold", "black", "heavy", "demi")
_ITALIC_NAMES = ("italic", "oblique", "kursiv")


@dataclass(frozen=True, slots=True)
class _Style:
    size: float
    bold: bool
    italic: bool
    quarter: int


@dataclass(frozen=True, slots=True)
class _Glyph:
    text: str
    left: float
    top: float
    right: float
    bottom: float
    style: _Style


def printed_page(page: Any, number: int) -> PrintedPage | None:
    """The lines of an opened pypdfium2 page, None when the text layer is of no use."""
    text_page = page.get_textpage()
    try:
        count = min(text_page.count_chars(), MAX_PAGE_CHARACTERS)
        glyphs, unmapped = _glyphs(text_page, count)
    finally:
        text_page.close()
    inked = [glyph for glyph in glyphs if glyph.text != " "]
    if not inked and not unmapped and not shows_anything(page):
        width, height = page.get_size()
        return PrintedPage(number, width, height, ())
    if not inked or unmapped > _UNMAPPED * (len(inked) + unmapped):
        return None
    quarter = Counter(glyph.style.quarter for glyph in inked).most_common(1)[0][0]
    bounds = page.get_bbox()
    upright = [
        _turned(glyph, bounds, quarter) for glyph in glyphs if glyph.style.quarter == quarter
    ]
    width, height = bounds[2] - bounds[0], bounds[3] - bounds[1]
    if quarter % 2:
        width, height = height, width
    lines = tuple(
        line
        for run in _runs(upright)
        if (line := _line(run)) is not None and _within(line, width, height)
    )
    if not lines:
        return None
    degrees = page.get_rotation() - 90.0 * quarter
    return PrintedPage(number, width, height, lines, "text", shows_an_image(page), degrees)


def _glyphs(text_page: Any, count: int) -> tuple[list[_Glyph], int]:
    import pypdfium2.raw as pdfium  # lazy: a 9 MB native library

    glyphs: list[_Glyph] = []
    unmapped = 0
    box, matrix = pdfium.FS_RECTF(), pdfium.FS_MATRIX()
    style, drawn_by = _Style(0.0, bold=False, italic=False, quarter=0), -1
    for index in range(count):
        code = pdfium.FPDFText_GetUnicode(text_page, index)
        if code in (0x0A, 0x0D):
            continue
        if pdfium.FPDFText_IsGenerated(text_page, index) == 1:
            # PDFium's own blank: it has no place, the next letter's place says what it was.
            if glyphs and code != _HYPHEN and glyphs[-1].text != " ":
                last = glyphs[-1]
                glyphs.append(
                    _Glyph(" ", last.right, last.top, last.right, last.bottom, last.style)
                )
            continue
        if _is_unmapped(code) or pdfium.FPDFText_HasUnicodeMapError(text_page, index) == 1:
            unmapped += 1
            continue
        if not pdfium.FPDFText_GetLooseCharBox(text_page, index, box):
            continue
        drawer = pdfium.FPDFText_GetTextObject(text_page, index)
        drawn = ctypes.addressof(drawer.contents) if drawer else index
        if drawn != drawn_by:
            drawn_by = drawn
            pdfium.FPDFText_GetMatrix(text_page, index, matrix)
            style = _style(pdfium, text_page, index, matrix)
        text = "-" if code == _HYPHEN else chr(code)
        glyphs.append(
            _Glyph(" " if text.isspace() else text, box.left, box.top, box.right, box.bottom, style)
        )
    return glyphs, unmapped


def _style(pdfium: Any, text_page: Any, index: int, matrix: Any) -> _Style:
    size = pdfium.FPDFText_GetFontSize(text_page, index) * hypot(matrix.c, matrix.d)
    name = ctypes.create_string_buffer(200)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text_page, index, name, 200, ctypes.byref(flags))
    font = name.value.decode("utf-8", "replace").lower()
    weight = pdfium.FPDFText_GetFontWeight(text_page, index)
    return _Style(
        size=round(abs(size), 2),
        bold=weight >= _BOLD_WEIGHT or any(mark in font for mark in _BOLD_NAMES),
        italic=bool(flags.value & _ITALIC_FLAG) or any(mark in font for mark in _ITALIC_NAMES),
        quarter=round(atan2(matrix.b, matrix.a) / (pi / 2)) % 4,
    )


def _is_unmapped(code: int) -> bool:
    """No letter at all, or one of the private areas that fonts without a map draw from."""
    return (
        code in (0, 0xFFFD, 0xFFFE, 0xFFFF)
        or (code < 0x20 and code not in (_HYPHEN, 0x09))
        or 0xE000 <= code <= 0xF8FF
        or 0xD800 <= code <= 0xDFFF
        or not 0 <= code <= 0x10FFFF
    )


def _turned(glyph: _Glyph, bounds: Sequence[float], quarter: int) -> _Glyph:
    """From the page's own coordinates to upright ones, from the upper left corner."""
    low_x, low_y, high_x, high_y = bounds
    x1, x2 = sorted((glyph.left, glyph.right))
    y1, y2 = sorted((glyph.bottom, glyph.top))
    match quarter:
        case 0:
            left, top, right, bottom = x1 - low_x, high_y - y2, x2 - low_x, high_y - y1
        case 1:
            left, top, right, bottom = y1 - low_y, x1 - low_x, y2 - low_y, x2 - low_x
        case 2:
            left, top, right, bottom = high_x - x2, y1 - low_y, high_x - x1, y2 - low_y
        case _:
            left, top, right, bottom = high_y - y2, high_x - x2, high_y - y1, high_x - x1
    return _Glyph(glyph.text, left, top, right, bottom, glyph.style)


def _runs(glyphs: Sequence[_Glyph]) -> Iterator[list[_Glyph]]:
    """Glyphs that follow each other in one line."""
    run: list[_Glyph] = []
    last: _Glyph | None = None
    for glyph in glyphs:
        if run and last is not None and glyph.text != " " and not _goes_on(last, glyph):
            yield run
            run = []
        run.append(glyph)
        if glyph.text != " ":
            last = glyph
    if run:
        yield run


def _goes_on(last: _Glyph, glyph: _Glyph) -> bool:
    shared = min(last.bottom, glyph.bottom) - max(last.top, glyph.top)
    size = max(last.style.size, glyph.style.size, 1.0)
    return (
        shared > 0.4 * min(last.bottom - last.top, glyph.bottom - glyph.top)
        and -2 * size < glyph.left - last.right < _GUTTER * size
    )


def _line(run: Sequence[_Glyph]) -> Line | None:
    text = " ".join("".join(glyph.text for glyph in run).split())
    inked = [glyph for glyph in run if glyph.text != " "]
    if not text or not inked:
        return None
    styles = Counter(glyph.style for glyph in inked)
    size = Counter({style.size: 0 for style in styles})
    for style, letters in styles.items():
        size[style.size] += letters
    most = len(inked) / 2
    return Line(
        text=text,
        left=min(glyph.left for glyph in inked),
        top=min(glyph.top for glyph in inked),
        right=max(glyph.right for glyph in inked),
        bottom=max(glyph.bottom for glyph in inked),
        size=size.most_common(1)[0][0],
        bold=sum(letters for style, letters in styles.items() if style.bold) > most,
        italic=sum(letters for style, letters in styles.items() if style.italic) > most,
    )


def _within(line: Line, width: float, height: float) -> bool:
    """Whether the line is on the page: what is printed beside it nobody sees."""
    return line.right > 0 and line.left < width and line.bottom > 0 and line.top < height
