"""What every command prints: text for people or JSON lines, and errors that say what to do.

Exit codes: 0 done; 1 it went wrong (the API refused, a job failed, a server is missing); 2 the
command line itself makes no sense, and nothing was sent. Results go to stdout, everything else
to stderr, so that a pipe carries only results.
"""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from haulage.cli.terminal import Terminal, shown_json

# Nothing is cut or folded on its way into a pipe.
PIPE_WIDTH = 10_000
NOTE_WIDTH = 160
STATE_STYLES = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
    "running": "cyan",
    "waiting": "magenta",
    "queued": "blue",
    "scheduled": "dim",
}


class Output(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("-o", "--output", help="[b]text[/b] for people, [b]json[/b] lines.")
]


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error as a person needs it; `why` may have several lines."""

    what: str
    why: str = ""
    mend: str = ""


@cache
def console() -> Console:
    """Where results go. Wide when piped, so that ids are never cut."""
    return Terminal(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


@cache
def notes() -> Console:
    """Where progress, hints and errors go."""
    return Terminal(stderr=True, highlight=False, width=None if sys.stderr.isatty() else NOTE_WIDTH)


def print_json(value: Any) -> None:
    """One line of JSON on stdout."""
    typer.echo(shown_json(json.dumps(value, ensure_ascii=False, default=str)))


def print_pretty(value: Any) -> None:
    """A JSON value for people: a string as it is, anything else indented and coloured."""
    if isinstance(value, str) and console().is_terminal:
        console().print(value, markup=False)
    elif isinstance(value, str):
        # Into a file goes what it is.
        typer.echo(value)
    else:
        text = shown_json(json.dumps(value, ensure_ascii=False, indent=2, default=str))
        if console().is_terminal:
            console().print_json(text)
        else:
            typer.echo(text)


def in_line(value: Any, most: int = 60) -> str:
    """The beginning of a JSON value, for a table."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def complain(complaint: Complaint) -> None:
    """Print what, why and mend to stderr."""
    notes().print(f"[bold red]error[/]  {escape(complaint.what)}", soft_wrap=True)
    for line in complaint.why.splitlines():
        notes().print(f"       [dim]{escape(line)}[/]", soft_wrap=True)
    if complaint.mend:
        notes().print(f"[bold green]mend[/]   {escape(complaint.mend)}", soft_wrap=True)


def state(name: str) -> str:
    """A state's name in its colour, as markup."""
    return f"[{STATE_STYLES.get(name, 'white')}]{escape(name)}[/]"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """`12 s ago`, `in 3 min`: short, for tables."""
    if moment is None:
        return ""
    delta_s = ((now or datetime.now(UTC)) - moment).total_seconds()
    return f"{duration(delta_s)} ago" if delta_s >= 0 else f"in {duration(-delta_s)}"


def duration(seconds: float | None) -> str:
    """`8 ms`, `0.4 s`, `12 s`, `3 min`, `5 h`, `2 d`."""
    if seconds is None:
        return ""
    if 0 < seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    for size, unit, limit in ((1, "s", 120), (60, "min", 7200), (3600, "h", 172800)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"


def size(count: int | None) -> str:
    """`812 B`, `1.4 MB`, `12 GB`."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
