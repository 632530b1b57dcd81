"""`haulage db`: the database's schema.

What talks to PostgreSQL is imported inside the commands: the light base install has no driver.
"""

import typer

from haulage.cli.output import Output, OutputOption, console, print_json

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="The database's schema: bring it up to date, or see where it stands.",
)


@app.command()
def migrate(output: OutputOption = Output.TEXT) -> None:
    """Bring the database named by HAULAGE_DATABASE_URL up to date.

    Safe to run at any time and twice at a time.

    [dim]Example[/dim]

    [cyan]HAULAGE_DATABASE_URL=postgresql://… haulage db migrate[/cyan]
    """
    from haulage import wiring

    revision = wiring.migrate()
    _tell(revision, revision, output)


@app.command()
def status(output: OutputOption = Output.TEXT) -> None:
    """Say where the schema stands; exits with 1 when `haulage db migrate` is due.

    [dim]Example[/dim]

    [cyan]haulage db status[/cyan]
    """
    from haulage import wiring

    current, newest = wiring.migration_status()
    _tell(current, newest, output)
    if current != newest:
        raise typer.Exit(1)


def _tell(current: str | None, newest: str, output: Output) -> None:
    if output is Output.JSON:
        print_json({"current": current, "newest": newest, "is_current": current == newest})
    elif current == newest:
        console().print(f"[green]The schema is up to date[/] [dim](revision {newest})[/]")
    else:
        console().print(f"[yellow]The schema is at {current or 'nothing'}[/], not at {newest}.")
        console().print("Bring it up to date with [bold]haulage db migrate[/].")
