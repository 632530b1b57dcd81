"""Headlines with their subtitles, and the columns each of them owns."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from haulage.documents.columns import Column, columns_of
from haulage.documents.print import Line, in_rows

# In units of the body's size.
_HEADLINE = 1.45
_DECK, _SLIGHTLY = 1.17, 1.08
# Lines of one headline differ by less than this share in size.
_ALIKE = 0.18


@dataclass(slots=True)
class Headline:
    """The lines of a title, and those of the subtitle under it."""

    lines: list[Line]
    deck: list[Line] = field(default_factory=list)

    @property
    def all_lines(self) -> list[Line]:
        return [*self.lines, *self.deck]

    @property
    def top(self) -> float:
        return min(line.top for line in self.lines)

    @property
    def bottom(self) -> float:
        return max(line.bottom for line in self.all_lines)

    @property
    def left(self) -> float:
        return min(line.left for line in self.all_lines)

    @property
    def right(self) -> float:
        return max(line.right for line in self.all_lines)

    @property
    def size(self) -> float:
        return max(line.size for line in self.lines)

    def over(self, column: Column) -> bool:
        """Whether a good part of the headline, or of the column, is over the other."""
        shared = min(self.right, column.right) - max(self.left, column.left)
        return shared > min(0.3 * column.width, 0.6 * (self.right - self.left))


def find_headlines(lines: Sequence[Line], size: float) -> tuple[list[Headline], list[Line]]:
    """The headlines from top to bottom, and the lines that are in none of them."""
    large = [line for line in lines if line.size >= _HEADLINE * size and _has_words(line)]
    chosen = set(map(id, large))
    text = [line for line in lines if id(line) not in chosen]
    headlines = _under_each_other(_merged(large))
    if not text:
        return headlines, text
    columns = columns_of(text, size)
    for headline in headlines:
        deck = _deck(headline, text, columns, size)
        headline.deck += deck
        taken = set(map(id, deck))
        text = [line for line in text if id(line) not in taken]
    return headlines, text


def span(
    headline: Headline, others: Sequence[Headline], columns: Sequence[Column], size: float
) -> range:
    """The places of the columns that the headline owns, text under its level beside it included.

    A title narrower than its article stands over the first or the middle column only; the text of
    the others begins on the same level, below a gap as high as the title.
    """
    places = [place for place, column in enumerate(columns) if headline.over(column)]
    if not places:
        middle = (headline.left + headline.right) / 2
        places = [min(range(len(columns)), key=lambda place: _distance(columns[place], middle))]
    first, last = places[0], places[-1]
    below = [
        line
        for place in range(first, last + 1)
        for line in _next_lines(columns[place], headline.bottom)
    ]
    if below:
        level = min(line.top for line in below)
        rivals = [other for other in others if other is not headline]
        while first > 0 and _begins(columns[first - 1], headline, rivals, level, size):
            first -= 1
        while last + 1 < len(columns) and _begins(columns[last + 1], headline, rivals, level, size):
            last += 1
    return range(first, last + 1)


def _begins(
    column: Column, headline: Headline, rivals: Sequence[Headline], level: float, size: float
) -> bool:
    """Whether the column's text begins at `level`, with nothing beside the headline."""
    if any(
        rival.over(column) and headline.top - size < rival.bottom and rival.top < level
        for rival in rivals
    ):
        return False
    following = _next_lines(column, headline.top)
    return bool(following) and abs(following[0].top - level) < size


def _next_lines(column: Column, below: float) -> list[Line]:
    return [line for line in column.lines if line.middle > below][:1]


def _distance(column: Column, place: float) -> float:
    return max(column.left - place, place - column.right, 0.0)


def _has_words(line: Line) -> bool:
    """A headline has letters, more than a drop cap has."""
    return sum(letter.isalpha() for letter in line.text) >= 2


def _merged(large: Sequence[Line]) -> list[Headline]:
    """Lines of one title stand close under each other, or side by side, in one size."""
    headlines: list[Headline] = []
    for line in sorted(large, key=lambda line: (line.top, line.left)):
        home = next((one for one in headlines if _continues(one.lines, line)), None)
        if home is None:
            headlines.append(Headline([line]))
        else:
            home.lines.append(line)
    for headline in headlines:
        headline.lines = [line for row in in_rows(headline.lines) for line in row]
    return headlines


def _continues(lines: Sequence[Line], line: Line) -> bool:
    last = max(lines, key=lambda one: one.bottom)
    if abs(line.size - last.size) > _ALIKE * max(line.size, last.size):
        return False
    shared = min(last.right, line.right) - max(last.left, line.left)
    gap = line.top - last.bottom
    if shared > 0:
        return gap < 0.7 * line.size
    beside = abs(line.middle - last.middle) < 0.4 * line.size
    return beside and -shared < 1.3 * line.size


def _under_each_other(headlines: Sequence[Headline]) -> list[Headline]:
    """A smaller title right under a larger one is its subtitle."""
    kept: list[Headline] = []
    for headline in sorted(headlines, key=lambda one: one.top):
        above = next(
            (
                one
                for one in kept
                if headline.size < (1 - _ALIKE) * one.size
                and -0.5 * headline.size < headline.top - one.bottom < 1.2 * headline.size
                and one.left - headline.size <= headline.left
                and headline.right <= one.right + headline.size
            ),
            None,
        )
        if above is None:
            kept.append(headline)
        else:
            above.deck += headline.lines
    return kept


def _deck(
    headline: Headline, text: Sequence[Line], columns: Sequence[Column], size: float
) -> list[Line]:
    """The lines between the title and its text: larger than it, slanted, or centred."""
    deck: list[Line] = []
    bottom = headline.bottom
    grown = replace(headline, deck=list(headline.deck))
    for line in sorted(text, key=lambda line: line.top):
        gap = line.top - bottom
        if line.middle < bottom or gap > 1.6 * line.size:
            continue
        shared = min(grown.right, line.right) - max(grown.left, line.left)
        if shared < 0.5 * line.width or not _is_deck(line, columns, size):
            continue
        deck.append(line)
        grown.deck.append(line)
        bottom = max(bottom, line.bottom)
    return deck


def _is_deck(line: Line, columns: Sequence[Column], size: float) -> bool:
    if line.size >= _DECK * size or line.italic:
        return True
    over = [one for one in columns if min(line.right, one.right) - max(line.left, one.left) > size]
    if not over:
        return False
    left = line.left - over[0].left
    right = over[-1].right - line.right
    # A first line of text is indented at most, and full to the right.
    least = 0.9 if line.size >= _SLIGHTLY * size else 1.8
    return min(left, right) > least * size and abs(left - right) < 0.25 * (left + right) + size
