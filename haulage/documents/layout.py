"""Which lines of a newspaper's page belong together: articles with title, subtitle and author.

By rules, from sizes and places alone; `vision.py` is the other implementation of the port. The
rules: most of the text is in the body's size; a line well above it is a headline, which owns the
columns it stands over until the next headline; what stands between it and the text is the
subtitle; a short line at the end that reads like a name is the author.

Promises: every line of text lands in exactly one article, or is furniture (folio, masthead, date).
Does not promise: articles that go on on another page; those are two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from haulage.documents.columns import columns_of
from haulage.documents.furniture import without_furniture
from haulage.documents.headlines import Headline, find_headlines, span
from haulage.documents.print import Line, PrintedPage, body_size
from haulage.documents.setting import Setting, plain_lines, set_article

BLANK = "blank"
ADVERTISEMENT = "advertisement"
PICTURES = "only pictures, no text"
# A page that is skipped for one of these was read, and there was nothing to take from it.
NOTHING_TO_TAKE = frozenset({BLANK, ADVERTISEMENT, PICTURES})

# A page with less running text than this many characters is no page of articles.
_LEAST_PROSE = 250


@dataclass(frozen=True, slots=True)
class Box:
    """A place on the page as its file shows it: fractions of its width and height, from the upper
    left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Article:
    """One article of one page; what it does not have is empty."""

    title: str
    subtitle: str
    author: str
    body: str
    boxes: tuple[Box, ...] = ()
    # What a model said beside; rules say nothing.
    topics: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class PageLayout:
    """The page's articles in reading order; or none, and the `reason` why it is skipped."""

    articles: tuple[Article, ...] = ()
    reason: str = ""
    furniture: tuple[Line, ...] = field(default=())


class Layout(Protocol):
    """Finds a page's articles."""

    def articles(self, page: PrintedPage) -> PageLayout:
        """The articles, or the reason why there are none."""
        ...


class RuleLayout:
    """The rules; needs no model, and takes milliseconds."""

    def articles(self, page: PrintedPage) -> PageLayout:
        """See `Layout.articles`."""
        page = replace(page, lines=tuple(line for line in page.lines if _says_something(line)))
        if not page.lines:
            return PageLayout(reason=PICTURES if page.pictures else BLANK)
        lines, furniture = without_furniture(page)
        size = body_size(lines)
        if _prose(lines, size) < _LEAST_PROSE:
            reason = ADVERTISEMENT if lines else BLANK
            return PageLayout(reason=reason, furniture=tuple(furniture))
        return PageLayout(_articles(lines, page, size), furniture=tuple(furniture))

    def text(self, page: PrintedPage) -> str:
        """All lines of the page in reading order, furniture too; empty ones part paragraphs."""
        size = body_size(page.lines)
        settings = _settings(page.lines, size)
        return "\n\n".join("\n".join(plain_lines(one, size)) for one in settings)


def _articles(lines: Sequence[Line], page: PrintedPage, size: float) -> tuple[Article, ...]:
    return tuple(_article(one, page, size) for one in _settings(lines, size))


def _settings(lines: Sequence[Line], size: float) -> list[Setting]:
    headlines, text = find_headlines(lines, size)
    return [one for one in _claimed(headlines, text, size) if one.has_text]


def _says_something(line: Line) -> bool:
    """Rules and specks that OCR takes for strokes say nothing."""
    return any(letter.isalnum() for letter in line.text)


def _prose(lines: Sequence[Line], size: float) -> int:
    """Characters of running text: lines of several words that stand close under each other."""
    body = [line for line in lines if line.size <= 1.2 * size and len(line.text.split()) >= 3]
    return sum(
        len(line.text)
        for line in body
        if any(_follows(line, other, size) or _follows(other, line, size) for other in body)
    )


def _follows(line: Line, other: Line, size: float) -> bool:
    return 0 < other.top - line.top < 2.2 * size and abs(other.left - line.left) < 3 * size


def _claimed(headlines: list[Headline], text: list[Line], size: float) -> list[Setting]:
    """Each headline with the lines it owns, in reading order; text before all of them first."""
    columns = columns_of(text, size) if text else []
    settings = {id(one): Setting(one) for one in headlines}
    spans = {id(one): span(one, headlines, columns, size) for one in headlines} if columns else {}
    orphans = current = Setting(None)
    for place, column in enumerate(columns):
        # Text at the head of a column, above its first headline, goes on from the column before.
        waiting = sorted(
            (one for one in headlines if place in spans[id(one)]), key=lambda one: one.top
        )
        for line in column.lines:
            while waiting and waiting[0].top < line.middle:
                current = settings[id(waiting.pop(0))]
            current.take(place, column, line)
        if waiting:
            current = settings[id(waiting[-1])]
    return [orphans, *(settings[id(one)] for one in _reading_order(headlines, size))]


def _reading_order(headlines: Sequence[Headline], size: float) -> list[Headline]:
    """From the top; those that begin on one level from the left."""
    levels: list[list[Headline]] = []
    for one in sorted(headlines, key=lambda one: one.top):
        if levels and one.top - levels[-1][0].top < 2 * size:
            levels[-1].append(one)
        else:
            levels.append([one])
    return [one for level in levels for one in sorted(level, key=lambda one: one.left)]


def _article(setting: Setting, page: PrintedPage, size: float) -> Article:
    printed = set_article(setting, size)
    boxes = tuple(Box(*page.shares(*place)) for place in setting.rectangles())
    return Article(printed.title, printed.subtitle, printed.author, printed.body, boxes)
