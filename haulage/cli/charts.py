"""Columns of eighths of a character: a series as a terminal can draw it.

A column stands for a whole number of the series' points; the last one may stand for fewer. What is
not known (None) is no column at all, what is more than nothing is at least the thinnest one.
"""

from collections.abc import Callable, Sequence
from math import ceil

EIGHTHS = " ▁▂▃▄▅▆▇█"
Values = Sequence[float | None]


def gathered(values: Values, width: int, together: Callable[[Sequence[float]], float]) -> Values:
    """At most `width` values, each what `together` makes of neighbours that are known."""
    size = ceil(len(values) / width)
    groups = (values[start : start + size] for start in range(0, len(values), size))
    return [together(known) if (known := _known(group)) else None for group in groups]


def drawn(values: Values, *, height: int, top: float) -> list[str]:
    """The rows from the highest down; a column of `top` fills its height."""
    eighths = [_eighths(value, height * 8, top) for value in values]
    return [
        "".join(EIGHTHS[min(max(column - floor * 8, 0), 8)] for column in eighths)
        for floor in reversed(range(height))
    ]


def top_of(values: Values) -> float:
    """A round number that no value exceeds: 1, 2 or 5 with zeros."""
    highest = max(_known(values), default=0.0)
    if highest <= 0:
        return 1.0
    size = 1.0
    while size < highest:
        size *= 10
    while size >= 10 * highest:
        size /= 10
    return next(size * part for part in (0.1, 0.2, 0.5, 1.0) if size * part >= highest)


def _known(values: Values) -> list[float]:
    return [value for value in values if value is not None]


def _eighths(value: float | None, full: int, top: float) -> int:
    if not value:
        return 0
    return max(round(value / top * full), 1)
