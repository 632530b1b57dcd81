"""From printed lines back to running text.

Promises: running heads and page numbers go, words hyphenated at a line's end are whole again, hard
line breaks are undone, paragraphs that run over a page's end are joined, and every character of a
paragraph knows the page it stood on. Works on text alone, so a heading is recognised by its form.
"""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from haulage.documents.sentences import ends_sentence

# How many lines from a page's edge may be furniture (a head, a rule, a number).
_EDGE_LINES = 3
# A head repeats: this often at the same edge within this many pages. Chapter heads change, and the
# left page's differs from the right page's, so the whole book is no measure.
_REPEATS, _WINDOW = 3, 8
_LONGEST_HEAD = 90
_NUMBER = re.compile(
    r"[\W_]*(?:p(?:age|agina|\.)?\s*)?(\d{1,4})(?:\s*(?:/|of|sur|di)\s*\d{1,4})?[\W_]*", re.I
)
_NUMBER_AT_AN_END = re.compile(r"^\d{1,4}\b|\b\d{1,4}$")
_HYPHENATED = re.compile(r"([^\W\d_]+(?:['’][^\W\d_]+)*)[-\u2010\u00ad]$")
_LONGEST_WORD = 60
_SOFT_HYPHEN = "\u00ad"
_DIGITS_BROKEN = re.compile(r"\d[-–]$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# What French hangs on a word with a hyphen of its own: `dit-il`, `celui-ci`, `peut-être`; and
# words that it hangs others on: `grand-mère`.
_HUNG = """
il elle ils elles on je tu nous vous moi toi lui leur le la les y en ce t ci là même mêmes être
dessus dessous devant delà dehors dedans uns unes
"""
_HANGERS = frozenset(_HUNG.split())
_HOLDERS = frozenset(("demi", "grand", "saint", "sainte"))
_HEADING = re.compile(
    r"(?:[IVXLC]+|\d{1,3}"
    r"|(?:C(?:hapitre|hapter|apitolo|HAPITRE|HAPTER|APITOLO)|Partie|Parte?|Livre|Book|Libro)"
    r"\s(?:[IVXLC\d]+|[Pp]rem\w+|[Pp]rim\w+|[A-Z][a-z]+)\b.{0,50})\.?"
)
_DASHES = ("—", "–", "―", "- ", "-- ")
# Lines longer than this are not hard-wrapped: each is a paragraph of its own.
_WRAPPED_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on `page`; an empty one separates paragraphs."""

    page: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text. `starts` holds, ascending, each page on it and the offset where it begins."""

    text: str
    starts: tuple[tuple[int, int], ...]

    def page_at(self, offset: int) -> int:
        """The page on which the character at `offset` stood."""
        return self.starts[bisect_right(self.starts, offset, key=lambda start: start[0]) - 1][1]


def clean_pages(pages: Sequence[tuple[int, str]]) -> list[Paragraph]:
    """The paragraphs of `(page number, text)` pairs in reading order.

    A gap in the page numbers (a page that could not be read) also ends a paragraph.
    """
    bare = drop_furniture(
        [(page, [line.strip() for line in text.split("\n")]) for page, text in pages]
    )
    lines: list[Line] = []
    previous: int | None = None
    for (page, _), page_lines in zip(pages, bare, strict=True):
        if previous is not None and page != previous + 1:
            lines.append(Line(page, ""))
        lines.extend(Line(page, text) for text in page_lines)
        previous = page
    return join_lines(lines)


def clean_by_page(pages: Sequence[tuple[int, str]]) -> dict[int, str]:
    """The clean text of each of `(page number, text)` pairs, a line each paragraph; one that runs
    over a page's end is parted there."""
    parts: dict[int, list[str]] = {page: [] for page, _ in pages}
    for paragraph in clean_pages(pages):
        ends = [start for start, _ in paragraph.starts[1:]]
        for (start, page), end in zip(paragraph.starts, [*ends, None], strict=True):
            parts[page].append(paragraph.text[start:end].strip())
    return {page: "\n".join(texts) for page, texts in parts.items()}


def clean_text(text: str) -> list[str]:
    """The paragraphs of a text that has no pages."""
    lines = (Line(1, line.strip()) for line in text.splitlines())
    return [paragraph.text for paragraph in join_lines(list(lines))]


def drop_furniture(pages: Sequence[tuple[int, Sequence[str]]]) -> list[list[str]]:
    """Each page's lines without running heads and page numbers; blank lines at the edges go too."""
    trimmed = [(page, _without_blank_edges(list(lines))) for page, lines in pages]
    heads = _repeated([(page, lines[:_EDGE_LINES]) for page, lines in trimmed])
    feet = _repeated([(page, lines[-_EDGE_LINES:]) for page, lines in trimmed])
    offsets = _number_offsets(trimmed)
    cleaned = []
    for page, lines in trimmed:
        first, last = 0, len(lines)
        while first < min(_EDGE_LINES, last) and (
            (page, _shape(lines[first])) in heads or _is_number(lines[first], page, offsets)
        ):
            first += 1
        while last > max(first, len(lines) - _EDGE_LINES) and (
            (page, _shape(lines[last - 1])) in feet or _is_number(lines[last - 1], page, offsets)
        ):
            last -= 1
        cleaned.append(_without_blank_edges(lines[first:last]))
    return cleaned


def join_lines(lines: Sequence[Line]) -> list[Paragraph]:
    """Undo the line breaks of hard-wrapped text; see the module for what ends a paragraph."""
    widths = sorted(len(line.text) for line in lines if line.text)
    if not widths:
        return []
    # The widest lines but for outliers: what a full line measures.
    width = widths[int(len(widths) * 0.9)] if len(widths) > 1 else widths[0]
    known = Counter(word.lower() for line in lines for word in _WORD.findall(line.text))
    paragraphs: list[Paragraph] = []
    open_lines: list[Line] = []
    for line in lines:
        if open_lines and _breaks(open_lines[-1].text, line.text, width):
            paragraphs.append(_joined(open_lines, known))
            open_lines = []
        if line.text:
            open_lines.append(line)
    if open_lines:
        paragraphs.append(_joined(open_lines, known))
    return paragraphs


def glue_lines(lines: Sequence[str], known: Counter[str], *, language: str) -> str:
    """The lines of one paragraph as running text; `known` counts the words around it, lower case,
    by which a hyphen at a line's end is told from one that belongs to its word."""
    text = ""
    for line in lines:
        text = _glued(text, line, known, hangs=language == "fr") + line if text else line
    return text


def _breaks(before: str, after: str, width: int) -> bool:
    """Whether a paragraph ends between these two lines."""
    if not after or width > _WRAPPED_WIDTH or _is_heading(before) or _is_heading(after):
        return True
    ended = ends_sentence(before)
    if after.startswith(_DASHES):
        return ended or before.endswith((":", ","))
    if ended:
        return len(before) < 0.8 * width
    # A short line in mid-sentence, before a capital: a title or a verse, not prose.
    return (
        len(before) < 0.5 * width and after[:1].isupper() and not before.endswith((",", ";", ":"))
    )


def _is_heading(line: str) -> bool:
    return bool(_HEADING.fullmatch(line)) or (
        len(line) <= 60 and line.isupper() and sum(letter.isalpha() for letter in line) > 3
    )


def _joined(lines: Iterable[Line], known: Counter[str]) -> Paragraph:
    pieces: list[str] = []
    starts: list[tuple[int, int]] = []
    length = 0
    for line in lines:
        if pieces:
            length -= len(pieces[-1])
            pieces[-1] = _glued(pieces[-1], line.text, known)
            length += len(pieces[-1])
        if not starts or starts[-1][1] != line.page:
            starts.append((length, line.page))
        pieces.append(line.text)
        length += len(line.text)
    return Paragraph("".join(pieces), tuple(starts))


def _glued(before: str, after: str, known: Counter[str], *, hangs: bool = True) -> str:
    """The line `before` as it goes into the join, its hyphen or the blank after it decided;
    `hangs`: the language may be French, which hangs words on others."""
    if _DIGITS_BROKEN.search(before[-2:]) and after[:1].isdigit():
        return before
    broken = _HYPHENATED.search(before[-_LONGEST_WORD:])
    following = _FIRST_WORD.match(after)
    if broken is None or following is None:
        return before + " "
    if before[-1] == _SOFT_HYPHEN:
        return before[:-1]
    left, right = re.split("['’]", broken[1])[-1], following[0]
    whole, compound = (left + right).lower(), f"{left}-{right}".lower()
    if right[0].isupper() or known[compound] > known[whole]:
        return before
    if hangs and not known[whole] and (right in _HANGERS or left.lower() in _HOLDERS):
        return before
    return before[:-1]


def _without_blank_edges(lines: list[str]) -> list[str]:
    first, last = 0, len(lines)
    while first < last and not lines[first]:
        first += 1
    while last > first and not lines[last - 1]:
        last -= 1
    return lines[first:last]


def _repeated(edges: Sequence[tuple[int, Sequence[str]]]) -> set[tuple[int, str]]:
    """(page, shape) of the lines at one edge that repeat closely enough to be furniture."""
    seen: dict[str, list[int]] = defaultdict(list)
    for page, lines in edges:
        for shape in {_shape(line) for line in lines if line and len(line) <= _LONGEST_HEAD}:
            seen[shape].append(page)
    return {
        (page, shape)
        for shape, found in seen.items()
        for first in range(len(found) - _REPEATS + 1)
        if found[first + _REPEATS - 1] - found[first] < _WINDOW
        for page in found[first : first + _REPEATS]
    }


def _shape(line: str) -> str:
    """The line without the page number that a head may begin or end with."""
    return _NUMBER_AT_AN_END.sub("#", line.casefold())


def _number_offsets(pages: Sequence[tuple[int, Sequence[str]]]) -> set[int]:
    """By how much printed numbers differ from the page's place, where at least two pages agree."""
    offsets: Counter[int] = Counter()
    for page, lines in pages:
        edges = {*lines[:_EDGE_LINES], *lines[-_EDGE_LINES:]}
        numbers = [match[1] for line in edges if (match := _NUMBER.fullmatch(line))]
        offsets.update({int(number) - page for number in numbers})
    return {offset for offset, count in offsets.items() if count > 1}


def _is_number(line: str, page: int, offsets: set[int]) -> bool:
    match = _NUMBER.fullmatch(line)
    return match is not None and int(match[1]) - page in (offsets or {0})
