"""How a long document is cut into page ranges (row E1).

Every page has exactly one owner. A chunk also sees the page after its last one, as context: merging
takes from each chunk what begins on its own pages, so nothing comes twice and nothing is lost.
"""

from dataclasses import dataclass

# (up to this many pages in the document, pages a chunk owns); a longer document takes the last.
_TABLE = ((30, 30), (100, 20), (500, 15))


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


def chunk_size(pages: int) -> int:
    """How many pages each chunk of a document of `pages` pages owns; the last may own fewer."""
    return next((size for limit, size in _TABLE if pages <= limit), _TABLE[-1][1])


def plan_chunks(pages: int) -> list[Chunk]:
    """The chunks of a document of `pages` pages, in order; raises ValueError below 1."""
    if pages < 1:
        raise ValueError("a document has at least one page")
    size = chunk_size(pages)
    return [
        Chunk(first, last, last + 1 if last < pages else None)
        for first in range(1, pages + 1, size)
        for last in (min(first + size - 1, pages),)
    ]
