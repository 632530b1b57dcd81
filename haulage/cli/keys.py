"""`haulage keys`: who may call.

Works on the database itself, past the API: the first key has to come from somewhere. Who holds the
database's URL may do everything anyway. What talks to PostgreSQL is imported inside the commands:
the light base install has no driver.
"""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.markup import escape

from haulage.cli.consent import YesOption, confirm
from haulage.cli.output import Output, OutputOption, ago, console, notes, print_json
from haulage.cli.tables import Column, print_table
from haulage.domain.errors import HaulageError
from haulage.domain.job import DEFAULT_TENANT
from haulage.domain.scope import Scope
from haulage.runtime.datafolder import announced_database
from haulage.runtime.environment import environment
from haulage.runtime.files import write_private

if TYPE_CHECKING:
    from haulage.accounts.api_keys import ApiKeys, MadeKey
    from haulage.storage.account_store import KeyRow

T = TypeVar("T")
MOST = 10_000

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Who may call: API keys, made and ended in the database itself.",
)
KeyId = Annotated[UUID, typer.Argument(metavar="KEY_ID", help="Its id, of [b]keys list[/b].")]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who it is for; audit fields show it.")],
    scope: Annotated[
        list[Scope], typer.Option(help="What it may do; repeat it for several.", show_default=False)
    ],
    tenant: Annotated[str, typer.Option(help="Whose jobs it sees.")] = DEFAULT_TENANT,
    days: Annotated[
        float | None, typer.Option(min=0.001, help="How long it counts; for ever if not said.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Where the key is kept: made, or the one that lies there made valid."),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Make a key and show it, this once.

    With --file it is written there, for its owner alone, and not shown; run again it changes
    nothing while the key in the file counts.

    [dim]Examples[/dim]

    [cyan]haulage keys create --name operations --scope admin[/cyan]

    [cyan]haulage keys create --name web --tenant acme --scope submit --scope read --days 90[/cyan]
    """
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)

    async def make(keys: "ApiKeys") -> "MadeKey":
        told: dict[str, Any] = {"name": name, "tenant": tenant, "scopes": scope, "by": _who()}
        if file is not None and (lying := _read(file)):
            kept = await keys.keep(lying, **told)
            if kept is not None:
                return kept
        return await keys.create(**told, expires_at=expires_at)

    made = _with_keys(make)
    if file is None:
        _show_made(made, output)
        return
    if _read(file) != made.text:
        # Else it is left as it is: a secret that is mounted can't be written.
        write_private(file, made.text + "\n")
    if output is Output.JSON:
        print_json(_document(made.row))
    else:
        notes().print(f"The key {made.row.id} lies in {escape(str(file))}.")


@app.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the keys, newest first, also those that count no more.

    [dim]Example[/dim]

    [cyan]haulage keys list[/cyan]
    """
    rows = _with_keys(lambda keys: keys.list(tenant=tenant, most=MOST))
    if output is Output.JSON:
        for row in rows:
            print_json(_document(row))
        return
    print_table(COLUMNS, rows)


@app.command()
def revoke(key_id: KeyId, yes: YesOption = False, output: OutputOption = Output.TEXT) -> None:
    """End a key: it lets nobody in any more, within seconds.

    [dim]Example[/dim]

    [cyan]haulage keys revoke 0198c2d4-0000-7000-8000-000000000000 --yes[/cyan]
    """
    confirm("Whoever uses this key is turned away from now on. Revoke it?", yes=yes)
    row = _with_keys(lambda keys: keys.revoke(key_id, tenant=None, by=_who()))
    if output is Output.JSON:
        print_json(_document(row))
    else:
        console().print(f"[green]Revoked[/] {escape(row.name)} [dim]{row.id}[/]")


@app.command()
def rotate(
    key_id: KeyId,
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="How long the old key goes on counting.")
    ] = 24,
    output: OutputOption = Output.TEXT,
) -> None:
    """Replace a key by a new one with the same rights; both count for a while.

    [dim]Example[/dim]

    [cyan]haulage keys rotate 0198c2d4-0000-7000-8000-000000000000 --overlap-hours 1[/cyan]
    """
    overlap = timedelta(hours=overlap_hours)
    made = _with_keys(lambda keys: keys.rotate(key_id, tenant=None, by=_who(), overlap=overlap))
    _show_made(made, output)


def _with_keys(act: Callable[["ApiKeys"], Awaitable[T]]) -> T:
    from haulage.wiring.accounts import open_keys

    given = environment()
    direct = given.get("HAULAGE_DATABASE_DIRECT_URL")
    url = direct or given.get("HAULAGE_DATABASE_URL") or announced_database()
    if not url:
        raise HaulageError(
            "HAULAGE_DATABASE_URL is not set, and no `haulage up` runs here.\n"
            "Keys are made in the database itself: set HAULAGE_DATABASE_URL, or HAULAGE_DATA to "
            "the folder of a `haulage up` that runs. Over HTTP it is POST /api/v1/keys."
        )

    async def run() -> T:
        async with open_keys(url) as keys:
            return await act(keys)

    return asyncio.run(run())


def _read(file: Path) -> str | None:
    from haulage.accounts.secret import is_key

    try:
        text = file.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    if text and not is_key(text):
        raise HaulageError(f"{file} holds something else than a key; it is left as it is.")
    return text or None


def _who() -> str:
    try:
        return f"command line of {getpass.getuser()}"
    except (KeyError, OSError):
        # Containers run as users that the system has no name for.
        return f"command line of user {os.getuid()}"


def _show_made(made: "MadeKey", output: Output) -> None:
    if output is Output.JSON:
        print_json({**_document(made.row), "key": made.text})
        return
    console().print(made.text, markup=False, soft_wrap=True)
    notes().print(
        f"Key {made.row.id} of {escape(made.row.name)} for tenant {escape(made.row.tenant)}: "
        f"{', '.join(made.row.scopes)}. It is not shown again.",
        style="dim",
    )


def _document(row: "KeyRow") -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(row).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, UUID) else value


def _standing(row: "KeyRow") -> str:
    if row.revoked_at is not None:
        return "[red]revoked[/]"
    if row.expires_at is None:
        return "[green]counts[/]"
    if row.expires_at <= datetime.now(UTC):
        return "[red]expired[/]"
    return f"[green]counts[/] until {row.expires_at:%Y-%m-%d %H:%M}"


COLUMNS: tuple[Column["KeyRow"], ...] = (
    Column("id", lambda row: str(row.id)),
    Column("name", lambda row: escape(row.name), folds=True),
    Column("tenant", lambda row: escape(row.tenant), folds=True),
    Column("begins", lambda row: escape(row.prefix), spare=3, style="dim"),
    Column("scopes", lambda row: ", ".join(row.scopes), folds=True),
    Column("standing", _standing),
    Column("last used", lambda row: ago(row.last_used_at) if row.last_used_at else "", spare=1),
)
