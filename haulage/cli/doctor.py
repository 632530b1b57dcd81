"""`haulage doctor`: is everything here that Haulage needs, and if not, what mends it."""

from collections.abc import Iterator

import typer
from rich.markup import escape
from rich.table import Table

from haulage.cli.checkup.api import api_checks
from haulage.cli.checkup.broker import broker_checks
from haulage.cli.checkup.findings import Finding, Level, Surroundings, surroundings
from haulage.cli.checkup.machine import machine_checks
from haulage.cli.checkup.postgres import postgres_checks
from haulage.cli.checkup.redis import redis_checks
from haulage.cli.checkup.safety import safety_checks
from haulage.cli.output import Output, OutputOption, console, print_json

MARKS = {Level.OK: "[green]ok  [/]", Level.WARN: "[yellow]warn[/]", Level.FAIL: "[red]fail[/]"}


def doctor(output: OutputOption = Output.TEXT) -> None:
    """Check this installation; every fault comes with the command that mends it.

    Looks at Python and the packages, settings, disk and blobs; at PostgreSQL, its schema and what
    makes it durable; at Redis, its memory and persistence; at the broker, the clocks, the workers
    and the API; at settings that are unsafe where others come near. Changes nothing. Exits with 1
    when something is broken; a warning is not.

    [dim]Examples[/dim]

    [cyan]haulage doctor[/cyan]

    [cyan]HAULAGE_DATABASE_URL=postgresql://… haulage doctor -o json[/cyan]
    """
    worst = {Level.OK: 0, Level.WARN: 0, Level.FAIL: 0}
    around = surroundings()
    for finding in _findings(around):
        worst[finding.level] += 1
        _print(finding, output)
    if output is Output.TEXT:
        console().print(_verdict(worst[Level.WARN], worst[Level.FAIL]))
    if worst[Level.FAIL]:
        raise typer.Exit(1)


def _findings(around: Surroundings) -> Iterator[Finding]:
    yield from machine_checks(around)
    if around.has_server:
        yield from postgres_checks(around)
        yield from redis_checks(around)
        yield from broker_checks(around)
        yield from safety_checks(around)
    yield from api_checks(around)


def _print(finding: Finding, output: Output) -> None:
    if output is Output.JSON:
        print_json(
            {
                "level": finding.level,
                "what": finding.what,
                "why": finding.why,
                "mend": finding.mend or None,
            }
        )
        return
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(width=4)
    row.add_column(width=19, style="bold")
    row.add_column(overflow="fold")
    row.add_row(MARKS[finding.level], finding.what, escape(finding.why))
    console().print(row)
    if finding.mend:
        # Not in the table: a command is to be copied whole.
        console().print(
            f"{'':6}[dim]mend with[/]{'':12}[cyan]{escape(finding.mend)}[/]", soft_wrap=True
        )


def _verdict(warnings: int, failures: int) -> str:
    if failures:
        return f"\n[bold red]{failures} broken[/]" + (
            f", {warnings} to look at" if warnings else ""
        )
    if warnings:
        return f"\n[bold]Nothing is broken[/], {warnings} to look at"
    return "\n[bold green]All is well[/]"
