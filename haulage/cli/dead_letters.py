"""`haulage dead-letters`: failed jobs that wait for somebody's decision."""

from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli import completion, job_history, jobs
from haulage.cli.filters import DEAD_LETTER_FILTERS, Filters, choosing
from haulage.cli.job_actions import IDS_HELP, each
from haulage.cli.job_lists import (
    DEAD_LETTER_COLUMNS,
    AllOption,
    LimitOption,
    page_size_for,
    print_jobs,
)
from haulage.cli.output import Output, OutputOption, ago, console, notes, print_json
from haulage.cli.tables import Column, print_table
from haulage.client import Client, GroupView

NONE = "No dead letters like that."
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Failed jobs that wait for a decision: run them again, or put them aside.",
)
DeadLetterId = Annotated[
    str,
    typer.Argument(metavar="ID", help="The job's id.", autocompletion=completion.dead_letter_ids),
]
Ids = Annotated[
    list[str],
    typer.Argument(metavar="ID…", help=IDS_HELP, autocompletion=completion.dead_letter_ids),
]


@app.command("list")
@choosing(DEAD_LETTER_FILTERS)
def list_dead_letters(
    filters: Filters,
    limit: LimitOption = 20,
    all: AllOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """List dead letters with their errors, the newest first.

    [dim]Examples[/dim]

    [cyan]haulage dead-letters list --type web_scrape[/cyan]

    [cyan]haulage dead-letters list --fingerprint 3f1d2b7a9c55 --all -o json[/cyan]
    """
    most = None if all else limit
    with Client() as client:
        found = client.dead_letters(**filters, page_size=page_size_for(most))
        none = NONE if filters else "No dead letters."
        print_jobs(found, DEAD_LETTER_COLUMNS, limit=most, output=output, none=none)


@app.command()
@choosing(DEAD_LETTER_FILTERS)
def groups(filters: Filters, limit: LimitOption = 20, output: OutputOption = Output.TEXT) -> None:
    """Group dead letters by their cause, the one that failed last first.

    A fingerprint stands for a job type, an error code and its message without numbers, ids,
    quotations and paths.

    [dim]Examples[/dim]

    [cyan]haulage dead-letters groups[/cyan]

    [cyan]haulage bulk start redrive --fingerprint 3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        found = islice(client.dead_letter_groups(**filters, page_size=limit), limit)
        if output is Output.JSON:
            for group in found:
                print_json(group.raw)
        elif print_table(GROUP_COLUMNS, found):
            hint = "haulage bulk start redrive --fingerprint FINGERPRINT"
            notes().print(f"\n[dim]Run a whole group again:[/] {hint}", soft_wrap=True)
        else:
            notes().print(NONE if filters else "No dead letters.")


@app.command()
def show(job_id: DeadLetterId, output: OutputOption = Output.TEXT) -> None:
    """Show a dead letter with its input and its error, and what was tried.

    [dim]Example[/dim]

    [cyan]haulage dead-letters show 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    jobs.show(job_id, output=output)
    if output is Output.TEXT:
        console().print("\n[bold]attempts[/]")
        job_history.attempts(job_id)


@app.command()
def redrive(job_ids: Ids, output: OutputOption = Output.TEXT) -> None:
    """Run dead letters again: finished steps stay, attempts count anew.

    Exits with 1 if any could not be. Whole groups: [b]haulage bulk start redrive[/b].

    [dim]Examples[/dim]

    [cyan]haulage dead-letters redrive 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]

    [cyan]haulage dead-letters list -o json | jq -r .id | haulage dead-letters redrive -[/cyan]
    """
    with Client() as client:
        each(job_ids, client.redrive, output=output)


@app.command()
def discard(job_ids: Ids, output: OutputOption = Output.TEXT) -> None:
    """Put dead letters aside: they stay failed, and nobody is asked about them any more.

    Their children stay as they are; [b]haulage jobs retry[/b] still runs one again. Exits with 1 if
    any could not be.

    [dim]Example[/dim]

    [cyan]haulage dead-letters discard 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        each(job_ids, client.discard, output=output, done="[dim]discarded[/]")


GROUP_COLUMNS: tuple[Column[GroupView], ...] = (
    Column("fingerprint", lambda one: escape(one.fingerprint), style="bold"),
    Column("type", lambda one: escape(one.type), folds=True),
    Column("jobs", lambda one: str(one.count), right=True),
    Column("last", lambda one: ago(one.last_at), spare=1, right=True),
    Column("first", lambda one: ago(one.first_at), spare=2, right=True),
    Column("error", lambda one: f"{escape(one.code)}: {escape(one.message)}", folds=True),
)
