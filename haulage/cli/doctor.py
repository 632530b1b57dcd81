"""`haulage doctor`: is everything here that Haulage needs, and if not, what mends it."""

from itertools import chain

import typer
from rich.markup import escape

from haulage.cli.checks import machine_checks
from haulage.cli.findings import Finding, Level, surroundings
from haulage.cli.output import Output, OutputOption, console, print_json
from haulage.cli.server_checks import server_checks

MARKS = {Level.OK: "[green]ok  [/]", Level.WARN: "[yellow]warn[/]", Level.FAIL: "[red]fail[/]"}


def doctor(output: OutputOption = Output.TEXT) -> None:
    """Check this installation; every fault comes with the command that mends it.

    Looks at Python, the installed extras, PostgreSQL, Redis, the blob folder, the disk and the
    API. Changes nothing. Exits with 1 when something is broken; a warning is not.

    [dim]Examples[/dim]

    [cyan]haulage doctor[/cyan]

    [cyan]HAULAGE_DATABASE_URL=postgresql://… haulage doctor -o json[/cyan]
    """
    worst = {Level.OK: 0, Level.WARN: 0, Level.FAIL: 0}
    around = surroundings()
    for finding in chain(machine_checks(around), server_checks(around)):
        worst[finding.level] += 1
        _print(finding, output)
    if output is Output.TEXT:
        console().print(_verdict(worst[Level.WARN], worst[Level.FAIL]))
    if worst[Level.FAIL]:
        raise typer.Exit(1)


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
    lines = escape(finding.why).splitlines() or [""]
    console().print(
        f"{MARKS[finding.level]}  [bold]{finding.what:<20}[/] {lines[0]}", soft_wrap=True
    )
    for line in lines[1:]:
        console().print(f"{'':27}{line}", soft_wrap=True)
    if finding.mend:
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
