"""`haulage queues`: what waits where, who serves it; pause and resume."""

from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli import completion
from haulage.cli.output import Output, OutputOption, ago, duration, notes, print_json
from haulage.cli.tables import Column, print_facts, print_table
from haulage.client import Client, QueueView

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="What waits in which queue and who serves it; pause and resume.",
)
QueueName = Annotated[
    str, typer.Argument(metavar="QUEUE", help="Its name.", autocompletion=completion.queue_names)
]


@app.command("list")
def list_queues(output: OutputOption = Output.TEXT) -> None:
    """List the queues.

    [dim]Example[/dim]

    [cyan]haulage queues list[/cyan]
    """
    with Client() as client:
        queues = client.queues()
    if output is Output.JSON:
        for queue in queues:
            print_json(queue.raw)
        return
    print_table(COLUMNS, queues)
    for queue in queues:
        if not queue.workers and queue.waiting:
            notes().print(
                f"[yellow]No live worker serves {escape(queue.name)}.[/] "
                f"Start one: haulage worker --pool {queue.pool or 'io'} --queues "
                f"{escape(queue.name)}",
                soft_wrap=True,
            )


@app.command()
def show(name: QueueName, output: OutputOption = Output.TEXT) -> None:
    """Show one queue: its depth by state, lane and priority.

    [dim]Example[/dim]

    [cyan]haulage queues show cpu[/cyan]
    """
    with Client() as client:
        _show(client.queue(name), output)


@app.command()
def pause(
    name: QueueName,
    reason: Annotated[
        str | None, typer.Option("--reason", "-r", help="Why; everybody who asks sees it.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Pause a queue: its jobs wait, what runs goes on.

    Paused before, the first one's words stay.

    [dim]Example[/dim]

    [cyan]haulage queues pause cpu --reason "The OCR model is being replaced"[/cyan]
    """
    with Client() as client:
        queue = client.pause_queue(name, reason=reason)
    _show(queue, output)
    if output is Output.TEXT:
        notes().print(f"\n[dim]Go on with:[/] haulage queues resume {escape(name)}", soft_wrap=True)


@app.command()
def resume(name: QueueName, output: OutputOption = Output.TEXT) -> None:
    """Let a paused queue go on.

    [dim]Example[/dim]

    [cyan]haulage queues resume cpu[/cyan]
    """
    with Client() as client:
        _show(client.resume_queue(name), output)


def _show(queue: QueueView, output: Output) -> None:
    if output is Output.JSON:
        print_json(queue.raw)
        return
    lanes = f" [dim]({queue.fresh} fresh, {queue.retries} retries)[/]" if queue.waiting else ""
    priorities = [f"{count} {name}" for name, count in queue.by_priority.items() if count]
    print_facts(
        [
            ("queue", f"[bold]{escape(queue.name)}[/]"),
            ("pool", queue.pool or "[yellow]none: no setting names this queue[/]"),
            ("paused", _pause(queue)),
            ("waiting", f"{queue.waiting}{lanes}"),
            ("priority", ", ".join(priorities)),
            ("oldest", duration(queue.oldest_waiting_s)),
            ("running", str(queue.running)),
            ("scheduled", str(queue.scheduled)),
            ("for children", str(queue.waiting_for_children or "")),
            ("workers", f"{queue.workers}, {queue.free_slots} free slots"),
        ]
    )


def _pause(queue: QueueView) -> str:
    if queue.paused is None:
        return ""
    because = f": {escape(queue.paused.reason)}" if queue.paused.reason else ""
    return f"[yellow]{ago(queue.paused.since)} by {escape(queue.paused.by)}{because}[/]"


COLUMNS: tuple[Column[QueueView], ...] = (
    Column("queue", lambda one: escape(one.name), style="bold"),
    Column("pool", lambda one: one.pool or "[yellow]none[/]", spare=5),
    Column("waiting", lambda one: str(one.waiting), right=True),
    Column("retries", lambda one: str(one.retries or ""), spare=4, right=True),
    Column("oldest", lambda one: duration(one.oldest_waiting_s), spare=1, right=True),
    Column("running", lambda one: str(one.running), right=True),
    Column("scheduled", lambda one: str(one.scheduled), spare=3, right=True),
    Column("children", lambda one: str(one.waiting_for_children or ""), spare=6, right=True),
    Column("workers", lambda one: str(one.workers) if one.workers else "[yellow]0[/]", right=True),
    Column("free", lambda one: str(one.free_slots), spare=2, right=True),
    Column("paused", _pause, folds=True),
)
