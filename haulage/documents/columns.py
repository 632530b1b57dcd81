"""The columns that a page's running text stands in, found by where its lines begin."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from haulage.documents.print import Line

# Lines that begin nearer than this, in units of the body's size, begin in the same column: an
# indented paragraph does not make one.
_NEAR = 2.5
# An inset within a column with fewer lines than this share of it is no column of its own.
_INSET = 0.3


@dataclass(slots=True)
class Column:
    """One column and its lines, from top to bottom."""

    left: float
    right: float
    lines: list[Line] = field(default_factory=list)

    @property
    def width(self) -> float:
        return self.right - self.left


def columns_of(lines: Sequence[Line], size: float) -> list[Column]:
    """The columns from left to right, each line in one of them."""
    columns = _found([line for line in lines if line.width >= 6 * size] or list(lines), size)
    for line in lines:
        _home(line, columns, size).lines.append(line)
    for column in columns:
        column.lines.sort(key=lambda line: (line.middle, line.left))
    return columns


def _found(lines: Sequence[Line], size: float) -> list[Column]:
    clusters: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.left):
        if clusters and line.left - clusters[-1][-1].left <= _NEAR * size:
            clusters[-1].append(line)
        else:
            clusters.append([line])
    columns: list[tuple[Column, int]] = []
    for cluster in clusters:
        lefts = sorted(line.left for line in cluster)
        rights = sorted(line.right for line in cluster)
        column = Column(lefts[len(lefts) // 10], rights[int(0.9 * (len(rights) - 1))])
        inset = any(
            column.left < other.right - _NEAR * size and len(cluster) < _INSET * support
            for other, support in columns
        )
        if not inset:
            columns.append((column, len(cluster)))
    return [column for column, _ in columns]


def _home(line: Line, columns: Sequence[Column], size: float) -> Column:
    """The column that holds most of the line; of several the one that begins nearest before it."""

    def fit(column: Column) -> tuple[float, float]:
        shared = min(line.right, column.right) - max(line.left, column.left)
        return (round(shared / max(line.width, size), 1), -abs(line.left - column.left))

    return max(columns, key=fit)
