"""Lists for people: columns that fit the terminal, or the same as JSON lines.

A column that is empty in all rows is left out. On a narrow terminal text folds, then the least
needed columns go; an id is never cut. Into a pipe everything goes, as wide as it is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from haulage.cli.output import Output, console, notes, print_json


class Sent(Protocol):
    """Something that the API sent, and its document as it came."""

    @property
    def raw(self) -> Mapping[str, Any]: ...


T = TypeVar("T")
S = TypeVar("S", bound=Sent)
CHUNK = 200
GAP = 2
# Text folds to the first before a column goes, to the second when none can go any more.
COMFORTABLE, TIGHT = 28, 10


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """`cell` makes markup of an item. Columns with the highest `spare` go first; 0 never goes."""

    title: str
    cell: Callable[[T], str]
    spare: int = 0
    folds: bool = False
    right: bool = False
    style: str = ""


@dataclass(frozen=True, slots=True)
class _Shown:
    index: int
    width: int


def print_table(columns: Sequence[Column[T]], items: Iterable[T]) -> int:
    """Print the items as they come, however many; returns their number.

    The first two hundred decide how wide the columns are.
    """
    coming = iter(items)
    layout: list[_Shown] | None = None
    count = 0
    while chunk := list(islice(coming, CHUNK)):
        rows = [[Text.from_markup(column.cell(item)) for column in columns] for item in chunk]
        is_first = layout is None
        if layout is None:
            layout = _layout(columns, rows, more=len(chunk) == CHUNK)
        console().print(_table(columns, rows, layout, header=is_first))
        count += len(chunk)
    return count


def print_list(
    columns: Sequence[Column[S]], items: Iterable[S], output: Output, *, none: str
) -> None:
    """The items as a table, or each as the API sent it; `none` is a note in an empty table's place,
    as markup."""
    if output is Output.JSON:
        for item in items:
            print_json(item.raw)
    elif not print_table(columns, items):
        notes().print(none)


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Names and values of one thing, as markup; what is empty is left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        if value:
            grid.add_row(name, value)
    console().print(grid)


def _layout(
    columns: Sequence[Column[Any]], rows: Sequence[Sequence[Text]], *, more: bool
) -> list[_Shown]:
    found = []
    for index, column in enumerate(columns):
        widest = max(_width(row[index]) for row in rows)
        # What comes later may fill a column that is empty so far.
        if widest or more:
            found.append(_Shown(index, max(widest, cell_len(column.title))))
    # The last column's gap may hang over the edge: nothing stands in it.
    room = console().width + GAP
    while _total(fitted := _folded(columns, found, room, narrowest=COMFORTABLE)) > room:
        spare = max(found, key=lambda one: columns[one.index].spare)
        if not columns[spare.index].spare:
            return _folded(columns, found, room, narrowest=TIGHT)
        found.remove(spare)
    return fitted


def _folded(
    columns: Sequence[Column[Any]], found: Sequence[_Shown], room: int, *, narrowest: int
) -> list[_Shown]:
    """As narrow as folding text makes them, the widest first, if they must be."""
    excess = _total(found) - room
    widths = {one.index: one.width for one in found}
    for one in sorted(found, key=lambda one: -one.width):
        if excess > 0 and columns[one.index].folds:
            spared = min(excess, max(one.width - narrowest, 0))
            widths[one.index] -= spared
            excess -= spared
    return [_Shown(one.index, widths[one.index]) for one in found]


def _table(
    columns: Sequence[Column[Any]],
    rows: Sequence[Sequence[Text]],
    layout: Sequence[_Shown],
    *,
    header: bool,
) -> Table:
    table = Table(
        box=None, header_style="dim", pad_edge=False, padding=(0, GAP, 0, 0), show_header=header
    )
    for one in layout:
        column = columns[one.index]
        table.add_column(
            column.title,
            style=column.style,
            justify="right" if column.right else "left",
            width=one.width,
            # Rich would take from every column alike.
            no_wrap=not column.folds,
            min_width=None if column.folds else one.width,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(row[one.index] for one in layout))
    return table


def _total(shown: Sequence[_Shown]) -> int:
    return sum(one.width + GAP for one in shown)


def _width(text: Text) -> int:
    return max((cell_len(line) for line in text.plain.splitlines()), default=0)
