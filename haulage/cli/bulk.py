"""`haulage bulk`: one decision about all jobs that a filter means."""

from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli import completion
from haulage.cli.bulk_progress import follow, tally
from haulage.cli.consent import YesOption, confirm
from haulage.cli.filters import BULK_FILTERS, Filters, choosing
from haulage.cli.job_lists import JOB_COLUMNS, AllOption, LimitOption, page_size_for
from haulage.cli.output import Output, OutputOption, ago, console, notes, print_json, state
from haulage.cli.tables import Column, print_facts, print_list, print_table
from haulage.client import BulkPreview, BulkView, Client

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="One decision about all jobs that a filter means: cancel, retry, redrive, discard.",
)


class Action(StrEnum):
    """What is done to each job."""

    CANCEL = "cancel"
    RETRY = "retry"
    REDRIVE = "redrive"
    DISCARD = "discard"


ActionArgument = Annotated[
    Action,
    typer.Argument(
        help="[b]cancel[/b] what lives; [b]retry[/b] what failed or was cancelled; "
        "[b]redrive[/b] or [b]discard[/b] dead letters."
    ),
]
BulkId = Annotated[
    str, typer.Argument(metavar="ID", help="Its id.", autocompletion=completion.bulk_ids)
]


@app.command()
@choosing(BULK_FILTERS)
def preview(action: ActionArgument, filters: Filters, output: OutputOption = Output.TEXT) -> None:
    """Say how many jobs it would touch and show some of them; changes nothing.

    [dim]Example[/dim]

    [cyan]haulage bulk preview cancel --type web_scrape --state queued[/cyan]
    """
    with Client() as client:
        found = client.preview_bulk(action.value, **filters)
    if output is Output.JSON:
        print_json(found.raw)
    else:
        _print_preview(found)


@app.command()
@choosing(BULK_FILTERS)
def start(
    action: ActionArgument,
    filters: Filters,
    reason: Annotated[
        str | None, typer.Option("--reason", "-r", help="Why; it stays with the operation.")
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Start it and don't wait for its end.")
    ] = False,
    yes: YesOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Preview it, ask, do it, and show how far it is.

    Meant are the jobs that fit now: what is submitted later is not touched, nor what has changed
    by the time its turn comes. It is a job itself and goes on whoever leaves; Ctrl-C asks whether
    to abort it. Exits with 1 when it did not get to its end or a job could not be changed.

    [dim]Examples[/dim]

    [cyan]haulage bulk start cancel --tag import-7 --reason "wrong file"[/cyan]

    [cyan]haulage bulk start redrive --fingerprint 3f1d2b7a9c55 --yes -o json[/cyan]

    [cyan]haulage bulk start discard --finished-before 2026-01-01 --yes --detach[/cyan]
    """
    with Client() as client:
        found = client.preview_bulk(action.value, **filters)
        if output is Output.TEXT:
            _print_preview(found)
        if not found.count:
            if output is Output.JSON:
                print_json(found.raw)
            return
        confirm(f"{action.value.capitalize()} {_jobs(found.count)}?", yes=yes)
        bulk = client.start_bulk(action.value, frozen_at=found.frozen_at, reason=reason, **filters)
        if not detach:
            follow(client, bulk, output)
        elif output is Output.JSON:
            print_json(bulk.raw)
        else:
            console().print(f"{state(bulk.state)}  {bulk.id}", soft_wrap=True)
            notes().print(f"[dim]follow it with[/] haulage bulk wait {bulk.id}", soft_wrap=True)


@app.command("list")
def list_bulks(
    limit: LimitOption = 20, all: AllOption = False, output: OutputOption = Output.TEXT
) -> None:
    """List bulk operations, the newest first.

    [dim]Example[/dim]

    [cyan]haulage bulk list[/cyan]
    """
    most = None if all else limit
    with Client() as client:
        found = islice(client.bulks(page_size=page_size_for(most)), most)
        print_list(
            COLUMNS, found, output, none="No bulk operations. See [b]haulage bulk start --help[/b]."
        )


@app.command()
def show(bulk_id: BulkId, output: OutputOption = Output.TEXT) -> None:
    """Show a bulk operation: who, why, which jobs, and how far it is.

    [dim]Example[/dim]

    [cyan]haulage bulk show 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        _show(client.bulk(bulk_id), output)


@app.command()
def wait(bulk_id: BulkId, output: OutputOption = Output.TEXT) -> None:
    """Follow a bulk operation to its end; Ctrl-C asks whether to abort it.

    [dim]Example[/dim]

    [cyan]haulage bulk wait 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        follow(client, client.bulk(bulk_id), output)


@app.command()
def abort(bulk_id: BulkId, output: OutputOption = Output.TEXT) -> None:
    """Stop a bulk operation: what it has done stays done.

    [dim]Example[/dim]

    [cyan]haulage bulk abort 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        _show(client.abort_bulk(bulk_id), output)


def _print_preview(found: BulkPreview) -> None:
    if not found.count:
        notes().print("No job fits; there is nothing to do.")
        return
    console().print(f"[bold]{found.action} {_jobs(found.count)}[/]")
    print_table(JOB_COLUMNS, found.sample)
    if found.count > len(found.sample):
        console().print(f"[dim]… and {found.count - len(found.sample):,} more[/]")


def _jobs(count: int) -> str:
    return f"{count:,} job{'' if count == 1 else 's'}"


def _show(bulk: BulkView, output: Output) -> None:
    if output is Output.JSON:
        print_json(bulk.raw)
        return
    print_facts(
        [
            ("id", str(bulk.id)),
            ("action", f"[bold]{escape(bulk.action)}[/]"),
            ("jobs", _filter(bulk)),
            ("state", state(bulk.state)),
            ("progress", tally(bulk)),
            ("by", escape(bulk.by)),
            ("reason", escape(bulk.reason or "")),
            ("frozen", ago(bulk.frozen_at)),
            ("created", ago(bulk.created_at)),
            ("finished", ago(bulk.finished_at)),
        ]
    )


def _filter(bulk: BulkView) -> str:
    said = [
        f"[dim]{escape(name)}[/] "
        + escape(", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in bulk.filter.items()
        if value not in (None, [], "")
    ]
    return "  ".join(said) or "all"


COLUMNS: tuple[Column[BulkView], ...] = (
    Column("id", lambda one: str(one.id)),
    Column("action", lambda one: escape(one.action), style="bold"),
    Column("state", lambda one: state(one.state)),
    Column("progress", tally, spare=1),
    Column("by", lambda one: escape(one.by), spare=4),
    Column("created", lambda one: ago(one.created_at), spare=2, right=True),
    Column("jobs", _filter, spare=3, folds=True),
    Column("reason", lambda one: escape(one.reason or ""), spare=5, folds=True),
)
