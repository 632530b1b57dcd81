"""PDF files: how many pages, and the text of each.

Promises: a file that is no PDF, damaged beyond mending, encrypted, empty or too long raises its own
`DocumentFault`; a single page that cannot be read is reported in its place and never sinks the
others. Reads the text layer only: a scanned page has none, and says so.

A PDF is given by its bytes or by its path, which is read as needed and never whole.

PDFium is not thread-safe, not even across documents. One lock per process guards every call; real
parallelism comes from processes.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any
from weakref import WeakSet

from haulage.documents.errors import DamagedPdf, EncryptedPdf, NotAPdf, TooManyPages
from haulage.documents.mending import MOST_BYTES, mended

MAX_PAGES = 5_000
# Far above any printed page; what is beyond it is an attack or a defect, and would fill the memory.
MAX_PAGE_CHARACTERS = 500_000

_MAGIC = b"%PDF-"
# PDF readers accept rubbish before the header within this distance (PDF 1.7, implementation notes).
_MAGIC_WITHIN = 1024
_PASSWORD_NEEDED = 4
_SECURITY_UNSUPPORTED = 5

_PDFIUM = threading.Lock()
CUT_HERE = "The file is cut off here; what follows is missing."
CUT_PAGE = "The file is cut off, and with it what stands on this page."
# Documents that were mended, for as long as they are open.
_CUT: WeakSet[Any] = WeakSet()


@dataclass(frozen=True, slots=True)
class PageText:
    """One page, counted from 1. `fault` is a sentence when the page could not be read."""

    page: int
    text: str
    fault: str | None = None


def page_count(content: bytes | PathLike[str], *, max_pages: int = MAX_PAGES) -> int:
    """The number of pages, at least 1; raises a `DocumentFault`."""
    with opened(content, max_pages) as document:
        return pages_of(document)


def page_texts(
    content: bytes | PathLike[str],
    first_page: int = 1,
    last_page: int | None = None,
    *,
    max_pages: int = MAX_PAGES,
) -> list[PageText]:
    """The text layer of pages `first_page` to `last_page`, both included, lines ended by `\\n`.

    `last_page` None means the last. Raises a `DocumentFault` for the file as a whole, and
    ValueError for a page range that the document does not have.
    """
    with opened(content, max_pages) as document:
        count = pages_of(document)
        last = count if last_page is None else last_page
        if not 1 <= first_page <= last <= count:
            raise ValueError(f"pages {first_page}-{last} are not within 1-{count}")
        return [_page_text(document, number) for number in range(first_page, last + 1)]


@contextmanager
def opened(content: bytes | PathLike[str], max_pages: int = MAX_PAGES) -> Iterator[Any]:
    """The document, a `pypdfium2.PdfDocument`, and PDFium for as long as the block lasts; raises a
    `DocumentFault`.

    One that is cut off has the pages that are left, and one more that stands for those that are
    not (`pages_of`, `is_cut`)."""
    import pypdfium2  # lazy: a 9 MB native library

    head, tail = _ends(content)
    _refuse_what_is_no_pdf(head)
    source = content if isinstance(content, bytes) else os.fspath(content)
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(source)
        except pypdfium2.PdfiumError as error:
            document = _what_is_left(content, tail)
            if document is None:
                raise _load_fault(tail, error.err_code) from error
        try:
            if len(document) > max_pages:
                raise TooManyPages(
                    f"The PDF has {len(document)} pages; at most {max_pages} are taken."
                )
            yield document
        finally:
            document.close()


def pages_of(document: Any) -> int:
    """How many pages an opened document has; see `opened`."""
    return len(document) + is_cut(document)


def is_cut(document: Any) -> bool:
    """Whether an opened document is what was left of a longer one."""
    return document in _CUT


def _what_is_left(content: bytes | PathLike[str], tail: bytes) -> Any:
    """The document with the pages before the cut; None where it is not cut off, or none is left."""
    import pypdfium2

    if b"%%EOF" in tail:
        return None
    if not isinstance(content, bytes):
        if os.stat(content).st_size > MOST_BYTES:
            return None
        content = Path(content).read_bytes()
    if (mended_one := mended(content)) is None:
        return None
    try:
        document = pypdfium2.PdfDocument(mended_one)
    except pypdfium2.PdfiumError:
        return None
    _CUT.add(document)
    return document


def looks_like_pdf(content: bytes) -> bool:
    """Whether a PDF's mark stands where readers accept it."""
    return _MAGIC in content[:_MAGIC_WITHIN]


def beginning(content: bytes | PathLike[str]) -> bytes:
    """The first bytes, by which a file's kind is told."""
    return _ends(content)[0]


def _ends(content: bytes | PathLike[str]) -> tuple[bytes, bytes]:
    """The beginning and the end, where a PDF says what it is and that it is whole."""
    if isinstance(content, bytes):
        return content[:_MAGIC_WITHIN], content[-_MAGIC_WITHIN:]
    with open(content, "rb") as file:
        head = file.read(_MAGIC_WITHIN)
        file.seek(max(0, os.fstat(file.fileno()).st_size - _MAGIC_WITHIN))
        return head, file.read(_MAGIC_WITHIN)


def _refuse_what_is_no_pdf(head: bytes) -> None:
    if not head:
        raise NotAPdf("The file is empty.")
    if not looks_like_pdf(head):
        raise NotAPdf("The file is not a PDF: it does not begin with %PDF-.")


def _load_fault(tail: bytes, code: int | None) -> EncryptedPdf | DamagedPdf:
    if code == _PASSWORD_NEEDED:
        return EncryptedPdf("The PDF is encrypted and wants a password; upload it without one.")
    if code == _SECURITY_UNSUPPORTED:
        return EncryptedPdf("The PDF is protected in a way that cannot be read; upload it without.")
    if b"%%EOF" not in tail:
        return DamagedPdf("The PDF is cut off: its end is missing. Upload it again, whole.")
    return DamagedPdf("The PDF is damaged: its structure cannot be read.")


def _page_text(document: Any, number: int) -> PageText:
    from pypdfium2 import PdfiumError

    if number > len(document):
        return PageText(number, "", CUT_HERE)
    try:
        page = document[number - 1]
    except PdfiumError:
        return PageText(number, "", "The page cannot be opened.")
    try:
        text = _text_of(page, number)
        if is_cut(document) and not text.text.strip():
            return PageText(number, "", CUT_PAGE)
        return text
    except PdfiumError:
        return PageText(number, "", "The text of the page cannot be read.")
    finally:
        page.close()


def _text_of(page: Any, number: int) -> PageText:
    text_page = page.get_textpage()
    try:
        if text_page.count_chars() > MAX_PAGE_CHARACTERS:
            return PageText(number, "", f"The page holds over {MAX_PAGE_CHARACTERS} characters.")
        text = text_page.get_text_bounded().replace("\r\n", "\n").replace("\r", "\n")
        # PDFium joins the two lines at a hyphenated line end and marks the place. Whether that
        # hyphen belongs to the word is for `cleaning` to tell, which needs the line's end.
        text = text.replace("\x02", "-\n").replace("\ufffe", "-\n")
    finally:
        text_page.close()
    if not text.strip() and shows_an_image(page):
        return PageText(number, "", "The page is an image without a text layer.")
    return PageText(number, text)


def shows_an_image(page: Any) -> bool:
    """Whether there is a raster image on an opened page."""
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    return next(page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=2), None) is not None


def shows_anything(page: Any) -> bool:
    """Whether anything but text is drawn on an opened page."""
    from pypdfium2.raw import FPDF_PAGEOBJ_TEXT

    return any(item.type != FPDF_PAGEOBJ_TEXT for item in page.get_objects(max_depth=2))
