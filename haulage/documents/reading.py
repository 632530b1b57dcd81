"""One page read to the end: from a file to what is on it, or to the reason why nothing is.

Text layer first, OCR for what has none. A page fails alone: its fault is a reason, no error.
"""

from dataclasses import dataclass

from haulage.documents.dates import date_of_name, printed_date
from haulage.documents.errors import DocumentFault
from haulage.documents.layout import BLANK, Layout, PageLayout
from haulage.documents.ocr import NoEngine, Recogniser, Unreadable
from haulage.documents.print import PrintedPage
from haulage.documents.sheets import Sheets
from haulage.documents.vision import LONGEST_SIDE, VisionLayout

FAILED = "conversion failed"


@dataclass(frozen=True, slots=True)
class ReadPage:
    """What came of a page: `printed` where it could be read, else the `reason`."""

    page: int
    printed: PrintedPage | None = None
    reason: str = ""

    @property
    def blank(self) -> bool:
        """Whether there is nothing on the page to look at."""
        return self.reason == BLANK or (self.printed is not None and not self.printed.lines)


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


def picture_of(sheets: Sheets, page: int) -> bytes | None:
    """The page as a PNG for a model that sees; None where it cannot be drawn."""
    try:
        return sheets.raster(page).png(longest_side=LONGEST_SIDE)
    except DocumentFault:
        return None


def articles_on(read: ReadPage, layout: Layout) -> PageLayout:
    """The articles of a page that was read."""
    if read.printed is None:
        return PageLayout(reason=read.reason or BLANK)
    return layout.articles(read.printed)


def articles_seen(read: ReadPage, layout: VisionLayout) -> PageLayout:
    """The articles of a page that a model looks at, also where nothing could be read."""
    found = layout.articles(read.printed or PrintedPage(read.page, 1.0, 1.0, ()))
    if layout.doubt and read.printed is None and read.reason:
        return PageLayout(reason=f"{read.reason}; {found.reason}")
    return found


def date_on(found: PageLayout) -> str:
    """The day of the masthead or folio in ISO 8601, empty where none is believed."""
    texts = [line.text for line in found.furniture]
    # A model writes it the other way round.
    day = printed_date(texts) or next((day for text in texts if (day := date_of_name(text))), None)
    return day.isoformat() if day else ""
