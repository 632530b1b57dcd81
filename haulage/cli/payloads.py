"""`haulage payloads`: what jobs carry, sealed in the database.

What talks to PostgreSQL is imported inside the commands: the light base install has no driver.
"""

import asyncio
import secrets

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from haulage.cli.output import Output, OutputOption, console, notes, print_json

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Inputs, results, steps and errors, sealed in the database by keys of yours.",
)


@app.command("new-key")
def new_key() -> None:
    """Make a key for HAULAGE_PAYLOAD_KEYS, which seals what jobs carry.

    [dim]Example[/dim]

    [cyan]haulage payloads new-key[/cyan]
    """
    typer.echo(secrets.token_urlsafe(32))


@app.command()
def rotate(output: OutputOption = Output.TEXT) -> None:
    """Seal all that is stored by the newest key: what older ones sealed, and what lies plain.

    Give the new key to every process first: behind the older ones, with a comma between, and when
    all have been restarted with it, before them. Jobs may run meanwhile. It may be ended and begun
    anew at any time. Once it is through, the older keys are needed no more; backups still need
    them. With the word `plain` in front of the keys it opens all that is stored instead, to do
    without them.

    [dim]Example[/dim]

    [cyan]HAULAGE_PAYLOAD_KEYS=new,old haulage payloads rotate[/cyan]

    [cyan]HAULAGE_PAYLOAD_KEYS=plain,old haulage payloads rotate[/cyan]
    """
    done, totals = asyncio.run(_rotate(output))
    if output is Output.JSON:
        print_json({done: totals})
    else:
        said = ", ".join(f"{count:,} in {table}" for table, count in totals.items() if count)
        console().print(f"[green]{done}[/]  {said or 'nothing: all was already'}")


async def _rotate(output: Output) -> tuple[str, dict[str, int]]:
    """What was done, `sealed` or `opened`, to how many texts of each table."""
    from haulage.wiring.payloads import open_resealing

    totals: dict[str, int] = {}
    bars: dict[str, TaskID] = {}
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,}/{task.total:,} rows"),
        TimeElapsedColumn(),
        console=notes(),
        disable=output is Output.JSON,
    )
    async with open_resealing() as resealing:
        with bar:
            async for passed in resealing.run():
                totals[passed.table] = passed.sealed
                if passed.table not in bars:
                    bars[passed.table] = bar.add_task(passed.table, total=passed.about)
                bar.update(bars[passed.table], completed=passed.rows, total=passed.about)
    return ("sealed" if resealing.seals else "opened"), totals
