"""Following a bulk operation to its end on a terminal."""

import sys
import time
from collections.abc import Iterator

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from haulage.cli.output import Complaint, Output, complain, notes, print_json, state
from haulage.client import BulkView, Client

LOOK_EVERY_S = 0.4
LINE_EVERY_S = 2.0
DETACHED = 130


def follow(client: Client, bulk: BulkView, output: Output) -> None:
    """Show it until it is over.

    Exits with 1 when it did not get to its end or a job could not be changed. Ctrl-C asks whether
    to abort it and exits with 130.
    """
    try:
        for seen in _shown(client, bulk, output):
            bulk = seen
    except KeyboardInterrupt:
        _leave(client, bulk)
        raise typer.Exit(DETACHED) from None
    if output is Output.JSON:
        print_json(bulk.raw)
    else:
        notes().print(f"{state(bulk.state)}  {tally(bulk)}  [dim]{bulk.id}[/]", soft_wrap=True)
    if bulk.state != "succeeded":
        why = f"{bulk.progress.done:,} of {bulk.progress.total:,} jobs had been looked at."
        complain(Complaint(f"It {bulk.state}.", why, f"haulage jobs show {bulk.id}"))
    if bulk.state != "succeeded" or bulk.progress.failed:
        raise typer.Exit(1)


def tally(bulk: BulkView) -> str:
    """How far it is and what came of it, as markup."""
    counts = bulk.progress
    said = [f"{counts.done:,}/{counts.total:,}"]
    if counts.changed:
        said.append(f"{counts.changed:,} changed")
    if counts.skipped:
        said.append(f"[yellow]{counts.skipped:,} skipped[/]")
    if counts.failed:
        said.append(f"[red]{counts.failed:,} failed[/]")
    return "  ".join(said)


def _shown(client: Client, bulk: BulkView, output: Output) -> Iterator[BulkView]:
    if output is Output.JSON:
        yield from _seen(client, bulk)
        return
    screen = notes()
    bar = Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[tally]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        console=screen,
        refresh_per_second=8,
        # Without a terminal the bar would be drawn once at the end: lines say more.
        disable=not screen.is_terminal,
    )
    told_at = time.monotonic()
    with bar:
        task = bar.add_task(escape(bulk.action), total=bulk.progress.total or None, tally="")
        for seen in _seen(client, bulk):
            bar.update(
                task,
                total=seen.progress.total or None,
                completed=seen.progress.done,
                tally=tally(seen) if seen.state != "queued" else "queued",
            )
            if not screen.is_terminal and time.monotonic() - told_at >= LINE_EVERY_S:
                told_at = time.monotonic()
                screen.print(f"{escape(seen.action)}  {state(seen.state)}  {tally(seen)}")
            yield seen


def _seen(client: Client, bulk: BulkView) -> Iterator[BulkView]:
    yield bulk
    while not bulk.is_terminal:
        time.sleep(LOOK_EVERY_S)
        bulk = client.bulk(bulk.id)
        yield bulk


def _leave(client: Client, bulk: BulkView) -> None:
    """Abort it or let it run, as the person at the terminal says."""
    if sys.stdin.isatty():
        notes().print(
            "\n[bold]Abort it, or leave it running?[/] What it has done stays done. "
            "[dim]\\[a]bort / \\[L]eave[/] ",
            end="",
        )
        try:
            wants_abort = input().strip().lower() in ("a", "abort")
        except (EOFError, KeyboardInterrupt):
            wants_abort = False
        if wants_abort:
            aborted = client.abort_bulk(bulk.id)
            notes().print(f"[yellow]aborting[/]  {tally(aborted)}")
            return
    notes().print("\n[bold]Detached.[/] It goes on without you.")
    notes().print(f"  follow it   [b]haulage bulk wait {bulk.id}[/]", soft_wrap=True)
    notes().print(f"  abort it    [b]haulage bulk abort {bulk.id}[/]", soft_wrap=True)
