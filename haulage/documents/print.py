"""What is printed on a page: lines of text with their places, however they were read.

Lengths are in points from the page's upper left corner, y downwards, whatever the source: a text
layer knows points, and a scan's pixels are brought to them by its resolution.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin
from typing import Literal

Source = Literal["text", "tesseract", "rapidocr"]

# Two pieces that share this much of the lower one's height stand in one row.
_SAME_ROW = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of a printed line that no column's gutter crosses. `size` is the type's height;
    `bold` and `italic` are None where the source cannot tell, as OCR cannot."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool | None = None
    italic: bool | None = None

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """A page's lines, in the order they were read. `pictures`: it shows images beside the text.
    `degrees`: by how much it was turned to be read, counter-clockwise, against what its file shows.
    """

    page: int
    width: float
    height: float
    lines: tuple[Line, ...]
    source: Source = "text"
    pictures: bool = False
    degrees: float = 0.0

    @property
    def characters(self) -> int:
        return sum(len(line.text) for line in self.lines)

    def shares(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[float, float, float, float]:
        """Where a place on the page lies as its file shows it: fractions of the width and height
        there. What was turned by a little keeps its shape, and lies about where it is."""
        on_its_side = round(self.degrees / 90) % 2 == 1
        width, height = (self.height, self.width) if on_its_side else (self.width, self.height)
        wide, high = right - left, bottom - top
        if on_its_side:
            wide, high = high, wide
        angle = radians(self.degrees)
        across, down = (left + right - self.width) / 2, (top + bottom - self.height) / 2
        middle_x = width / 2 + across * cos(angle) - down * sin(angle)
        middle_y = height / 2 + across * sin(angle) + down * cos(angle)
        found = (
            (middle_x - wide / 2) / width,
            (middle_y - high / 2) / height,
            (middle_x + wide / 2) / width,
            (middle_y + high / 2) / height,
        )
        left, top, right, bottom = (round(min(max(one, 0.0), 1.0), 4) for one in found)
        return left, top, right, bottom


def body_size(lines: Iterable[Line]) -> float:
    """The size most of the text is in: the mode over characters, sizes within 6 % as one; 0 for
    no lines."""
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.size] += len(line.text)
    if not weights:
        return 0.0
    near = {
        size: sum(weight for other, weight in weights.items() if abs(other - size) <= 0.06 * size)
        for size in weights
    }
    best = max(near, key=lambda size: (near[size], weights[size]))
    group = [
        size for size in weights for _ in range(weights[size]) if abs(size - best) <= 0.06 * best
    ]
    return sorted(group)[len(group) // 2]


def in_rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines that stand beside each other, rows from top to bottom, each from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if rows and _beside(rows[-1][0], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def rejoined(lines: Sequence[Line]) -> list[Line]:
    """The rows of one column, each as one line: a wide gap in a justified line is no gutter."""
    return [_one(row) for row in in_rows(lines)]


def _beside(first: Line, second: Line) -> bool:
    shared = min(first.bottom, second.bottom) - max(first.top, second.top)
    return shared > _SAME_ROW * min(first.bottom - first.top, second.bottom - second.top)


def _one(row: Sequence[Line]) -> Line:
    if len(row) == 1:
        return row[0]
    longest = max(row, key=lambda line: len(line.text))
    return replace(
        longest,
        text=" ".join(line.text for line in row),
        left=row[0].left,
        right=max(line.right for line in row),
        top=min(line.top for line in row),
        bottom=max(line.bottom for line in row),
    )
