"""What is printed on a newspaper's page beside its articles: masthead, date line, folio."""

import re

from haulage.documents.dates import has_date
from haulage.documents.print import Line, PrintedPage, in_rows

# The date line stands within this share of the page, under the masthead; a folio nearer the edge.
_HEAD, _EDGE = 0.25, 0.07
_LONGEST_PIECE = 48
_NUMBERING = re.compile(
    r"\b(?:anno|année|year|jahrgang|jahr|a\.)\s+[ivxlc\d]+\b|\bn(?:\.|°|º|o\.|r\.|um\.)\s*\d+", re.I
)
_PAGE_NUMBER = re.compile(
    r"[\W_]*(?:(?:pagina|page|pag\.?|seite|p\.)\s*)?\d{1,3}[\W_]*|[\W_]*(?:pagina|page|seite)\s+\w+",
    re.I,
)


def without_furniture(page: PrintedPage) -> tuple[list[Line], list[Line]]:
    """The lines of articles, and the furniture."""
    rows = in_rows(page.lines)
    first = 0
    for index, row in enumerate(rows):
        if row[0].top > _HEAD * page.height:
            break
        near = row[0].bottom < _EDGE * page.height
        if any(_is_date_line(line) or (near and _is_folio(line)) for line in row):
            first = index + 1
    last = len(rows)
    while (
        last > first
        and rows[last - 1][0].top > (1 - _EDGE) * page.height
        and all(_is_folio(line) for line in rows[last - 1])
    ):
        last -= 1
    furniture = [line for row in (*rows[:first], *rows[last:]) for line in row]
    gone = set(map(id, furniture))
    return [line for line in page.lines if id(line) not in gone], furniture


def _is_date_line(line: Line) -> bool:
    """A short piece with the day, or with the issue's number: no line of running text."""
    return len(line.text) <= _LONGEST_PIECE and (
        has_date(line.text) or bool(_NUMBERING.search(line.text))
    )


def _is_folio(line: Line) -> bool:
    return bool(_PAGE_NUMBER.fullmatch(line.text))
