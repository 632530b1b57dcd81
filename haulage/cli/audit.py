"""`haulage audit`: who asked for what."""

from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli.job_lists import AllOption, LimitOption
from haulage.cli.output import Output, OutputOption, ago
from haulage.cli.tables import Column, print_list
from haulage.client import AuditView, Client

NONE = "Nobody has changed anything, or callers need no key here: then nobody is written down."

NONE_SUCH = "Nobody has asked for such a thing."


def audit(
    job: Annotated[str | None, typer.Option(help="Only this job's, its submit too.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    actor: Annotated[
        str | None, typer.Option(help="Only this one's: a key's name or id, or a token's user.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="Only what has this in it, such as [b]cancel[/b].")
    ] = None,
    limit: LimitOption = 50,
    all: AllOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show who asked to change what, by which key and from where, newest first.

    [dim]Examples[/dim]

    [cyan]haulage audit --job 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]

    [cyan]haulage audit --actor ada --action cancel[/cyan]

    [cyan]haulage audit --tenant acme --all -o json[/cyan]
    """
    with Client() as client:
        found = client.audit(
            tenant=tenant,
            job=job,
            actor=actor,
            action=action,
            page_size=None if all else min(limit, 500),
        )
        narrowed = tenant or job or actor or action
        shown = found if all else islice(found, limit)
        print_list(COLUMNS, shown, output, none=NONE_SUCH if narrowed else NONE)


COLUMNS: tuple[Column[AuditView], ...] = (
    Column("when", lambda one: ago(one.at) if one.at else ""),
    Column("who", lambda one: escape(one.subject), folds=True),
    Column("tenant", lambda one: escape(one.tenant), folds=True, spare=2),
    Column("from", lambda one: escape(one.address), spare=1),
    Column("asked", lambda one: escape(f"{one.action.partition(' ')[0]} {one.target}"), folds=True),
    Column("key", lambda one: one.key or "", spare=4, style="dim"),
    Column("request", lambda one: escape(one.request_id), spare=3, style="dim"),
)
