"""One page read to the end: from a file to what is on it, or to the reason why nothing is.

Text layer first, OCR for what has none. A page fails alone: its fault is a reason, no error.
"""

from dataclasses import dataclass

from haulage.documents.dates import printed_date
from haulage.documents.errors import DocumentFault
from haulage.documents.layout import BLANK, Layout, PageLayout
from haulage.documents.ocr import NoEngine, Recogniser, Unreadable
from haulage.documents.print import PrintedPage
from haulage.documents.sheets import Sheets

FAILED = "conversion failed"


@dataclass(frozen=True, slots=True)
class ReadPage:
    """What came of a page: `printed` where it could be read, else the `reason`."""

    page: int
    printed: PrintedPage | None = None
    reason: str = ""


def read_layer(sheets: Sheets, page: int) -> ReadPage | None:
    """The page by its text layer; None when that takes OCR."""
    try:
        printed = sheets.printed(page)
    except DocumentFault as fault:
        return ReadPage(page, reason=f"{FAILED}: {fault}")
    return None if printed is None else ReadPage(page, printed)


def read_scan(sheets: Sheets, page: int, recogniser: Recogniser) -> ReadPage:
    """The page by OCR."""
    try:
        raster = sheets.raster(page)
    except DocumentFault as fault:
        return ReadPage(page, reason=f"{FAILED}: {fault}")
    try:
        return ReadPage(page, recogniser.read(raster, page))
    except Unreadable as fault:
        return ReadPage(page, reason=str(fault))
    except NoEngine as fault:
        return ReadPage(page, reason=f"{FAILED}: {fault}")


def articles_on(read: ReadPage, layout: Layout) -> PageLayout:
    """The articles of a page that was read."""
    if read.printed is None:
        return PageLayout(reason=read.reason or BLANK)
    return layout.articles(read.printed)


def date_on(found: PageLayout) -> str:
    """The day of the masthead or folio in ISO 8601, empty where none is believed."""
    day = printed_date(line.text for line in found.furniture)
    return day.isoformat() if day else ""
