"""How a long document is cut into page ranges (row E1).

Every page has exactly one owner. A chunk also sees the page after its last one, as context: merging
takes from each chunk what begins on its own pages, so nothing comes twice and nothing is lost.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ROW = re.compile(r"\s*(\d{1,6})\s*=\s*(\d{1,6})\s*x\s*(\d{1,3})\s*")


@dataclass(frozen=True, slots=True)
class Cut:
    """How a document of up to `up_to` pages is cut: `pages` a chunk, `at_once` under way."""

    up_to: int
    pages: int
    at_once: int


# A longer document takes the last.
TABLE = (Cut(30, 30, 1), Cut(100, 20, 3), Cut(500, 15, 5))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pages `first_page` to `last_page`, both included, counted from 1."""

    first_page: int
    last_page: int
    context_page: int | None

    @property
    def pages(self) -> range:
        """The pages the chunk owns."""
        return range(self.first_page, self.last_page + 1)


def read_table(text: str) -> tuple[Cut, ...]:
    """The table in words, `30=30x1,100=20x3`; raises ValueError for one that is none."""
    rows = []
    for item in text.split(","):
        found = _ROW.fullmatch(item)
        if not found:
            raise ValueError(f"{item.strip()!r} is no row such as 100=20x3")
        rows.append(Cut(*map(int, found.groups())))
    if any(row.pages < 1 or row.at_once < 1 for row in rows):
        raise ValueError("a chunk has at least one page, and one at least is under way")
    if [row.up_to for row in rows] != sorted({row.up_to for row in rows}):
        raise ValueError("the rows must go from shorter documents to longer ones")
    return tuple(rows)


def cut_of(pages: int, table: Sequence[Cut] = TABLE) -> Cut:
    """How a document of `pages` pages is cut."""
    return next((row for row in table if pages <= row.up_to), table[-1])


def plan_chunks(pages: int, table: Sequence[Cut] = TABLE) -> list[Chunk]:
    """The chunks of a document of `pages` pages, in order; raises ValueError below 1."""
    if pages < 1:
        raise ValueError("a document has at least one page")
    size = cut_of(pages, table).pages
    return [
        Chunk(first, last, last + 1 if last < pages else None)
        for first in range(1, pages + 1, size)
        for last in (min(first + size - 1, pages),)
    ]
