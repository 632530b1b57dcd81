"""`haulage workers`: who is alive, and what each of them runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from haulage.cli import completion
from haulage.cli.consent import YesOption, confirm
from haulage.cli.output import (
    Complaint,
    Output,
    OutputOption,
    ago,
    complain,
    console,
    print_json,
    size,
)
from haulage.cli.tables import Column, print_facts, print_list, print_table
from haulage.client import Client, WorkerView
from haulage.client.models import read_time

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="The live workers and what each of them runs.",
)
WorkerName = Annotated[
    str,
    typer.Argument(
        metavar="WORKER",
        help="Its name or its id, or how it begins.",
        autocompletion=completion.worker_ids,
    ),
]


@app.command("list")
def list_workers(output: OutputOption = Output.TEXT) -> None:
    """List the live workers.

    [dim]Example[/dim]

    [cyan]haulage workers list[/cyan]
    """
    with Client() as client:
        workers = client.workers()
    print_list(
        COLUMNS, workers, output, none="No live worker. Start one: [b]haulage worker --pool io[/b]"
    )


@app.command()
def show(worker: WorkerName, output: OutputOption = Output.TEXT) -> None:
    """Show one worker and the jobs that it runs.

    [dim]Example[/dim]

    [cyan]haulage workers show io@host:4711[/cyan]
    """
    with Client() as client:
        found = find(client.workers(), worker)
    if output is Output.JSON:
        print_json(found.raw)
        return
    print_facts(
        [
            ("worker", f"[bold]{escape(found.name)}[/]"),
            ("id", str(found.id)),
            ("state", _state(found)),
            ("pool", found.pool),
            ("queues", escape(", ".join(found.queues))),
            ("slots", f"{found.in_flight} of {found.slots} taken"),
            ("backlog", f"{found.backlog} rung while all were taken" if found.backlog else ""),
            ("memory", size(found.rss_bytes)),
            ("version", found.version),
            ("started", ago(found.started_at)),
            ("heartbeat", ago(found.heartbeat_at)),
        ]
    )
    if found.jobs:
        console().print()
        print_table(JOB_COLUMNS, found.jobs)


@app.command()
def drain(
    worker: WorkerName,
    yes: YesOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Let a worker leave: it takes no more jobs, finishes or gives back what it runs, and exits.

    What it has not finished within HAULAGE_ENGINE_SHUTDOWN_S goes back to its queue; no attempt is
    charged. What watches over it, such as [b]haulage up[/b], may start another.

    [dim]Example[/dim]

    [cyan]haulage workers drain io@host:4711 --yes[/cyan]
    """
    with Client() as client:
        found = find(client.workers(), worker)
        confirm(f"Drain {found.name}, which runs {found.in_flight} jobs?", yes=yes)
        drained = client.drain_worker(found.id)
    if output is Output.JSON:
        print_json(drained.raw)
    else:
        console().print(f"{_state(drained)}  {escape(drained.name)}  [dim]{drained.id}[/]")


def _state(worker: WorkerView) -> str:
    if worker.state == "live":
        return "[green]live[/]"
    by = f" {ago(read_time(worker.drain['since']))} by {worker.drain['by']}" if worker.drain else ""
    return f"[yellow]{escape(worker.state + by)}[/]"


def find(workers: Sequence[WorkerView], wanted: str) -> WorkerView:
    """The worker whose id or name begins so, if that is one; exits with 1 otherwise."""
    found = [one for one in workers if wanted in (str(one.id), one.name)] or [
        one for one in workers if str(one.id).startswith(wanted) or one.name.startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(worker.name for worker in found)
        said = Complaint(f"{len(found)} live workers begin with {wanted!r}.", names)
    else:
        said = Complaint(
            f"There is no live worker {wanted!r}.",
            "One that ended is not listed any more.",
            "haulage workers list",
        )
    complain(said)
    raise typer.Exit(1)


def _claimed(job: Mapping[str, Any]) -> str:
    return ago(datetime.fromisoformat(str(job["claimed_at"])))


COLUMNS: tuple[Column[WorkerView], ...] = (
    Column("worker", lambda one: escape(one.name), style="bold"),
    Column("state", lambda one: _state(one) if one.state != "live" else "", folds=True),
    Column("pool", lambda one: one.pool, spare=5),
    Column("queues", lambda one: escape(" ".join(one.queues)), folds=True),
    Column("jobs", lambda one: f"{one.in_flight}/{one.slots}", right=True),
    Column("backlog", lambda one: str(one.backlog or ""), spare=3, right=True),
    Column("memory", lambda one: size(one.rss_bytes), spare=2, right=True),
    Column("version", lambda one: escape(one.version), spare=5),
    Column("started", lambda one: ago(one.started_at), spare=4, right=True),
    Column("heartbeat", lambda one: ago(one.heartbeat_at), spare=1, right=True),
)
JOB_COLUMNS: tuple[Column[Mapping[str, Any]], ...] = (
    Column("job", lambda job: str(job["id"])),
    Column("type", lambda job: escape(str(job["type"])), folds=True),
    Column("attempt", lambda job: str(job["attempt"]), right=True),
    Column("since", _claimed, right=True),
)
