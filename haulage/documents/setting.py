"""An article as it is set: its lines, column by column, brought back to running text."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from haulage.documents.cleaning import glue_lines
from haulage.documents.columns import Column
from haulage.documents.headlines import Headline
from haulage.documents.language import detect_language
from haulage.documents.print import Line, rejoined
from haulage.documents.sentences import ends_sentence

_PARTICLES = r"(?:de|di|da|del|della|van|von|den|der|d'|dell'|la|le|y|e|et|and)"
_NAME_WORD = r"(?:[^\W\d_a-zà-ÿ][^\W\d_]*(?:['’-][^\W\d_]+)*|(?:[^\W\d_a-zà-ÿ]\.\s?)+)"
_NAME = re.compile(rf"{_NAME_WORD}(?:\s+(?:{_PARTICLES}\s*)?{_NAME_WORD}){{0,4}}\.?")
_SIGNED = re.compile(
    rf"(?:[Dd]i|DI|[Bb]y|BY|[Pp]ar|PAR|[Vv]on|VON|[Dd]e|DE|[Pp]or|POR)\s+(?P<name>{_NAME.pattern})"
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class PrintedArticle:
    """The texts of an article; paragraphs of the body end with a line break."""

    title: str
    subtitle: str
    author: str
    body: str


@dataclass(slots=True)
class Setting:
    """A headline, or none, and the lines it owns by column."""

    headline: Headline | None
    columns: dict[int, tuple[Column, list[Line]]] = field(default_factory=dict)

    def take(self, place: int, column: Column, line: Line) -> None:
        """Own one more line of the column at `place`."""
        self.columns.setdefault(place, (column, []))[1].append(line)

    @property
    def has_text(self) -> bool:
        return self.headline is not None or bool(self.columns)

    def rectangles(self) -> list[tuple[float, float, float, float]]:
        """Where the article stands: its headline, and its part of each column."""
        parts = [lines for _, (_, lines) in sorted(self.columns.items())]
        if self.headline is not None:
            parts.insert(0, self.headline.all_lines)
        return [
            (
                min(line.left for line in lines),
                min(line.top for line in lines),
                max(line.right for line in lines),
                max(line.bottom for line in lines),
            )
            for lines in parts
        ]


def set_article(setting: Setting, size: float) -> PrintedArticle:
    """The article's texts."""
    stacks = [(column, rejoined(lines)) for _, (column, lines) in sorted(setting.columns.items())]
    known = Counter(
        word.lower() for _, lines in stacks for line in lines for word in _WORD.findall(line.text)
    )
    language = detect_language(" ".join(line.text for _, lines in stacks for line in lines))
    author = _signature(stacks, size) or _opening_name(stacks)
    body = "\n".join(
        glue_lines(lines, known, language=language) for lines in _paragraphs(stacks, size)
    )
    headline = setting.headline
    return PrintedArticle(
        title=_glued(headline.lines, known, language) if headline else "",
        subtitle=_glued(headline.deck, known, language) if headline else "",
        author=author,
        body=body,
    )


def plain_lines(setting: Setting, size: float) -> list[str]:
    """All lines as they are printed, in reading order; an empty one parts paragraphs."""
    stacks = [(column, rejoined(lines)) for _, (column, lines) in sorted(setting.columns.items())]
    blocks = _paragraphs(stacks, size)
    if setting.headline is not None:
        heads = (setting.headline.lines, setting.headline.deck)
        blocks = [*([line.text for line in lines] for lines in heads if lines), *blocks]
    return [text for block in blocks for text in (*block, "")][:-1]


def _glued(lines: Sequence[Line], known: Counter[str], language: str) -> str:
    return glue_lines([line.text for line in lines], known, language=language)


def _signature(stacks: list[tuple[Column, list[Line]]], size: float) -> str:
    """Take the author's name from the end: a short line, bold or set to the right."""
    if not stacks or len(stacks[-1][1]) < 2:
        return ""
    column, lines = stacks[-1]
    last, before = lines[-1], lines[-2]
    to_the_right = (
        last.left - column.left > 0.35 * column.width and column.right - last.right < 2 * size
    )
    stands_out = last.bold or last.italic or to_the_right
    if stands_out and _NAME.fullmatch(last.text) and ends_sentence(before.text):
        lines.pop()
        return last.text.strip()
    return ""


def _opening_name(stacks: list[tuple[Column, list[Line]]]) -> str:
    """Take the author's name from the beginning: `di Carla Neri` on a line of its own."""
    if not stacks or len(stacks[0][1]) < 2:
        return ""
    first = stacks[0][1][0]
    found = _SIGNED.fullmatch(first.text)
    if found is None or not found["name"][0].isupper():
        return ""
    stacks[0][1].pop(0)
    return found["name"].strip()


def _paragraphs(stacks: Sequence[tuple[Column, list[Line]]], size: float) -> list[list[str]]:
    """The lines of each paragraph: it begins indented, after a short last line, or after a gap."""
    paragraphs: list[list[str]] = []
    for column, lines in stacks:
        left = _edge(lines, column)
        before: Line | None = None
        for line in lines:
            if not paragraphs or _opens(line, before, column, left, size):
                paragraphs.append([])
            paragraphs[-1].append(line.text)
            before = line
    return paragraphs


def _edge(lines: Sequence[Line], column: Column) -> float:
    """Where lines of this piece that are not indented begin."""
    lefts = sorted(line.left for line in lines)
    return lefts[len(lefts) // 4] if len(lefts) >= 4 else column.left


def _opens(line: Line, before: Line | None, column: Column, left: float, size: float) -> bool:
    indented = 0.5 * size < line.left - left < 4 * size
    if before is None:
        return indented
    if indented and not 0.5 * size < before.left - left < 4 * size:
        return True
    if line.top - before.bottom > 1.1 * size:
        return True
    short = column.right - before.right > 0.12 * column.width
    return short and ends_sentence(before.text)
