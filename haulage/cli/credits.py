"""`haulage credits`: what is there to spend, where it went, and whether the books agree."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli.job_lists import AllOption, LimitOption
from haulage.cli.output import Output, OutputOption, ago, console, notes, print_json
from haulage.cli.tables import Column, print_facts, print_list, print_table
from haulage.client import BalanceView, Client, EntryView, FindingView
from haulage.domain.credits import MOST, Kind

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="What jobs may cost: balances, grants, entries, and whether the books agree.",
)


@app.command()
def show(output: OutputOption = Output.TEXT) -> None:
    """Show what your tenant may spend, and what is reserved.

    [dim]Example[/dim]

    [cyan]haulage credits show[/cyan]
    """
    with Client() as client:
        _show(client.credits(), output)


@app.command()
def entries(
    kind: Annotated[
        list[Kind] | None, typer.Option(help="Only these; repeat it for several.")
    ] = None,
    job: Annotated[str | None, typer.Option(help="Only this job's.")] = None,
    limit: LimitOption = 50,
    all: AllOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the moves of your tenant's credits, newest first.

    [dim]Examples[/dim]

    [cyan]haulage credits entries --kind charge --all -o json[/cyan]

    [cyan]haulage credits entries --job 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        found = client.credit_entries(
            kind=[one.value for one in kind or ()],
            job=job,
            page_size=None if all else min(limit, 500),
        )
        shown = found if all else islice(found, limit)
        print_list(
            COLUMNS, shown, output, none="No entry yet. Give some: [b]haulage credits grant 100[/b]"
        )


@app.command()
def grant(
    amount: Annotated[int, typer.Argument(min=1, max=MOST, help="How many credits.")],
    tenant: Annotated[
        str | None, typer.Option(help="To whom; to your own tenant if not said.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0.001, help="How long they last; for ever if not said.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="What for.")] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="Your own name for it, such as an invoice's: under one it counts once."),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Give credits. From its first grant on a tenant is charged for jobs that have a price.

    [dim]Example[/dim]

    [cyan]haulage credits grant 500 --tenant acme --days 365 --reference "invoice 2030-017"[/cyan]
    """
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with Client() as client:
        made = client.grant_credits(
            amount, tenant=tenant, expires_at=expires_at, note=note, reference=reference
        )
    if output is Output.JSON:
        print_json(made.raw)
        return
    until = f", until {made.expires_at:%Y-%m-%d}" if made.expires_at else ""
    console().print(f"{made.amount} credits for {escape(made.tenant)}{until}.")


@app.command()
def reconcile(output: OutputOption = Output.TEXT) -> None:
    """Look whether the books of all tenants agree with themselves and with the jobs.

    It finds and mends nothing. Exits with 1 when something does not agree.

    [dim]Example[/dim]

    [cyan]haulage credits reconcile[/cyan]
    """
    with Client() as client:
        found = client.audit_credits()
    if output is Output.JSON:
        for finding in found:
            print_json(finding.raw)
    elif not print_table(FINDINGS, found):
        console().print("[green]The books agree.[/]")
    if found:
        raise typer.Exit(1)


def _show(balance: BalanceView, output: Output) -> None:
    if output is Output.JSON:
        print_json(balance.raw)
        return
    if not balance.charged:
        console().print("Not charged: there is no account.")
        notes().print("[dim]The first grant opens one:[/] haulage credits grant 100")
        return
    print_facts(
        [
            ("available", f"[bold]{balance.available}[/]"),
            ("reserved", str(balance.reserved)),
            ("spent", str(balance.spent)),
            ("first expires", ago(balance.next_expiry_at)),
        ]
    )


COLUMNS: tuple[Column[EntryView], ...] = (
    Column("id", lambda one: str(one.id), spare=2, right=True, style="dim"),
    Column("at", lambda one: ago(one.at)),
    Column("kind", lambda one: escape(one.kind), style="bold"),
    Column("amount", lambda one: str(one.amount), right=True),
    Column("from", lambda one: escape(one.source), spare=4),
    Column("to", lambda one: escape(one.target), spare=3),
    Column("job", lambda one: str(one.job_id or "")),
    Column("run", lambda one: str(one.run or ""), spare=5, right=True),
)

FINDINGS: tuple[Column[FindingView], ...] = (
    Column("what", lambda one: f"[red]{escape(one.code)}[/]"),
    Column("tenant", lambda one: escape(one.tenant)),
    Column("job", lambda one: str(one.job_id or "")),
    Column("detail", lambda one: escape(one.detail), folds=True),
)
