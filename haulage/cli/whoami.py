"""`haulage whoami`: who the API takes you for, and what is left for you to use."""

from collections.abc import Sequence

from rich.markup import escape

from haulage.cli.output import Output, OutputOption, ago, notes, print_json
from haulage.cli.tables import Column, print_facts, print_table
from haulage.client import BalanceView, CallerView, Client, OwnLimit


def whoami(output: OutputOption = Output.TEXT) -> None:
    """Show who you are to the API: tenant, scopes, limits and credits.

    [dim]Examples[/dim]

    [cyan]haulage whoami[/cyan]

    [cyan]HAULAGE_API_KEY=hlg_… haulage whoami -o json[/cyan]
    """
    with Client() as client:
        me, address = client.whoami(), client.address
    if output is Output.JSON:
        print_json(me.raw)
        return
    print_facts([*_facts(me), ("API", f"{escape(address.url)}, version {escape(me.version)}")])
    if not me.auth:
        notes().print("[dim]Nobody is asked who they are here: HAULAGE_AUTH_ENABLED is off.[/]")
    if me.limits is None:
        notes().print("[yellow]Redis does not answer:[/] nobody can tell what your limits leave.")
    print_table(LIMITS, me.limits or ())


LIMITS: tuple[Column[OwnLimit], ...] = (
    Column("pool", lambda one: escape(one.pool)),
    Column("limit", lambda one: escape(one.name), folds=True),
    Column("used", lambda one: f"{one.current} of {one.limit}", right=True),
    Column("left", lambda one: str(one.remaining), right=True, style="bold"),
    Column("next", lambda one: "" if one.remaining else ago(one.next_at), spare=1),
)


def _facts(me: CallerView) -> Sequence[tuple[str, str]]:
    return [
        ("you are", f"[bold]{escape(me.subject)}[/]"),
        ("tenant", escape(me.tenant)),
        ("scopes", ", ".join(me.scopes)),
        ("user", escape(me.user or "")),
        ("key", str(me.key or "")),
        ("credits", _credits(me.credits)),
    ]


def _credits(balance: BalanceView | None) -> str:
    if balance is None:
        return ""
    if not balance.charged:
        return "not charged"
    return f"{balance.available} available, {balance.reserved} reserved"
