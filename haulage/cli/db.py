"""`haulage db`: the database's schema.

What talks to PostgreSQL is imported inside the commands: the light base install has no driver.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from haulage.cli.output import Output, OutputOption, console, notes, print_json

if TYPE_CHECKING:
    from haulage.storage.revisions import Standing

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="The database's schema: bring it up to date, or see where it stands.",
)


@app.command()
def migrate(
    force: Annotated[
        bool,
        typer.Option("--force", help="Also while workers run whose code would no longer fit."),
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Bring the database named by HAULAGE_DATABASE_URL up to date, while everything runs.

    Safe to run at any time and twice at a time. It says on stderr what it does and whom it waits
    for. What is older than the tables will then carry is named, and nothing is changed.

    [dim]Example[/dim]

    [cyan]HAULAGE_DATABASE_URL=postgresql://… haulage db migrate[/cyan]
    """
    from haulage import wiring

    wiring.migrate(lambda line: notes().print(line, style="dim", markup=False), force=force)
    _tell(wiring.migration_status(), output)


@app.command()
def status(output: OutputOption = Output.TEXT) -> None:
    """Say where the schema stands; exits with 1 where this version cannot run on it.

    [dim]Example[/dim]

    [cyan]haulage db status[/cyan]
    """
    from haulage import wiring

    found = wiring.migration_status()
    _tell(found, output)
    if not found.fits:
        raise typer.Exit(1)


def _tell(found: "Standing", output: Output) -> None:
    if output is Output.JSON:
        print_json(
            {
                "current": found.current,
                "newest": found.newest,
                "oldest_code": found.oldest_code,
                "is_current": found.is_current,
                "fits": found.fits,
            }
        )
    elif found.is_current:
        console().print(f"[green]The schema is up to date[/] [dim](revision {found.newest})[/]")
    elif found.is_ahead:
        console().print(
            f"[yellow]The schema is ahead[/], at {found.current}; this code is of {found.newest}."
        )
        console().print(
            "It still fits: the schema carries code of revision "
            f"{found.oldest_code} or newer. Finish the upgrade when you can."
            if found.fits
            else "It does not fit any more: run the version that migrated, "
            f"[bold]Haulage {found.migrated_by or 'newer than this'}[/]."
        )
    else:
        console().print(
            f"[yellow]The schema is at {found.current or 'nothing'}[/], not at {found.newest}."
        )
        console().print("Bring it up to date with [bold]haulage db migrate[/].")
