"""A file of pages, PDF or image, opened page by page whatever it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import Any, Protocol

from haulage.documents.errors import DocumentFault, NotAPdf, UnknownFormat
from haulage.documents.page_images import jpeg_of_image, jpeg_of_pdf
from haulage.documents.pdf import (
    CUT_HERE,
    CUT_PAGE,
    MAX_PAGES,
    beginning,
    is_cut,
    looks_like_pdf,
    opened,
    pages_of,
)
from haulage.documents.print import PrintedPage
from haulage.documents.raster import Raster, image_pages, raster_of_image, raster_of_pdf
from haulage.documents.text_layer import printed_page

_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")


class Sheets(Protocol):
    """The pages of one file, each counted from 1."""

    @property
    def count(self) -> int: ...

    def printed(self, page: int) -> PrintedPage | None:
        """What the page's text layer says, None where there is none that can be used."""
        ...

    def raster(self, page: int) -> Raster:
        """The page as pixels; raises a `DocumentFault` for one that cannot be drawn."""
        ...

    def jpeg(self, page: int, *, wide: int) -> bytes:
        """The page for people to look at, no wider than `wide` pixels; raises as `raster` does."""
        ...


@contextmanager
def open_sheets(file: bytes | PathLike[str], *, max_pages: int = MAX_PAGES) -> Iterator[Sheets]:
    """The pages of a PDF, PNG, JPEG or TIFF file, its content or where it lies; raises a
    `DocumentFault`."""
    head = beginning(file)
    if head.startswith(_IMAGES):
        yield _Images(file, image_pages(file, max_pages=max_pages))
        return
    if not head:
        raise NotAPdf("The file is empty.")
    if not looks_like_pdf(head):
        raise UnknownFormat("The file is neither a PDF nor a PNG, JPEG or TIFF image.")
    with opened(file, max_pages) as document:
        yield _Pdf(document)


@dataclass(frozen=True, slots=True)
class _Images:
    file: bytes | PathLike[str]
    count: int

    def printed(self, page: int) -> PrintedPage | None:
        del page
        return None

    def raster(self, page: int) -> Raster:
        return raster_of_image(self.file, page)

    def jpeg(self, page: int, *, wide: int) -> bytes:
        return jpeg_of_image(self.file, page, wide=wide)


@dataclass(frozen=True, slots=True)
class _Pdf:
    document: Any

    @property
    def count(self) -> int:
        return pages_of(self.document)

    def printed(self, page: int) -> PrintedPage | None:
        with self._page(page) as found:
            printed = printed_page(found, page)
        if is_cut(self.document) and printed is not None and not printed.lines:
            raise DocumentFault(CUT_PAGE)
        return printed

    def raster(self, page: int) -> Raster:
        with self._page(page) as found:
            return raster_of_pdf(found, *found.get_size())

    def jpeg(self, page: int, *, wide: int) -> bytes:
        with self._page(page) as found:
            return jpeg_of_pdf(found, *found.get_size(), wide=wide)

    @contextmanager
    def _page(self, page: int) -> Iterator[Any]:
        from pypdfium2 import PdfiumError

        if page > len(self.document):
            raise DocumentFault(CUT_HERE)
        try:
            found = self.document[page - 1]
        except PdfiumError as error:
            raise DocumentFault("The page cannot be opened.") from error
        try:
            yield found
        except PdfiumError as error:
            raise DocumentFault("The page cannot be read.") from error
        finally:
            found.close()
