"""`haulage up`: everything on this machine, until it is told to stop."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from haulage.api import console_files
from haulage.cli.complaints import complaint_about
from haulage.cli.output import Complaint, Output, OutputOption, complain, console, notes
from haulage.cli.server import AuthOption
from haulage.client import default_data_folder
from haulage.runtime.datafolder import Ready
from haulage.runtime.environment import environment
from haulage.runtime.fault import StartInterrupted
from haulage.runtime.signals import on_stop_signals
from haulage.runtime.stack import Stack, StackOptions
from haulage.runtime.supervisor import Answering, CrashLooping, Died, Event, Stopped


def up(
    data: Annotated[
        Path | None, typer.Option(help="Data folder.", envvar="HAULAGE_DATA", show_default=False)
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address of the API; loopback only without --auth.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(help="Port of the API; by default 8700, or a free one.", min=1, max=65535),
    ] = None,
    io_concurrency: Annotated[
        int, typer.Option(help="Jobs in flight in the io worker.", min=1)
    ] = 1000,
    cpu_processes: Annotated[
        int | None,
        typer.Option(help="Processes of the cpu worker; by default the cores, 2 to 4.", min=1),
    ] = None,
    handlers: Annotated[
        list[str] | None,
        typer.Option(help="Module with job types of your own; may be repeated."),
    ] = None,
    auth: AuthOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Start PostgreSQL, Redis, the API, both workers and the dispatcher; Ctrl-C stops them.
    Where a source is named to pull tasks from, the poller, too.

    HAULAGE_DATABASE_URL and HAULAGE_REDIS_URL name servers to use instead of starting them.
    With -o json one line is printed, once everything answers; with --auth it has a [b]key[/b] that
    may do everything. It is kept in the data folder, where the client and these commands find it.

    [dim]Examples[/dim]

    [cyan]haulage up[/cyan]

    [cyan]haulage up --data /var/lib/haulage --port 8700 --handlers our_jobs[/cyan]
    """
    began = time.monotonic()
    given = environment()
    options = StackOptions(
        data=(data or default_data_folder()).expanduser(),
        host=host,
        port=port,
        io_concurrency=io_concurrency,
        cpu_processes=cpu_processes,
        handlers=tuple(handlers or ()),
        auth=auth,
        database_url=given.get("HAULAGE_DATABASE_URL") or None,
        redis_url=given.get("HAULAGE_REDIS_URL") or None,
    )
    stack = Stack(options, on_event=lambda event: _tell(event, stack, time.monotonic() - began))
    with on_stop_signals(stack.request_stop):
        try:
            ready = stack.start()
            if output is Output.JSON:
                typer.echo(ready.as_json())
            else:
                welcome(ready, time.monotonic() - began)
            tell_of_missing_console()
            stack.wait()
            notes().print("Stopping; Ctrl-C again stops hard.", style="dim")
        except StartInterrupted:
            notes().print("Stopped before everything answered.")
        finally:
            stack.stop()


def _tell(event: Event, stack: Stack, at_s: float) -> None:
    """Print what happened to a process, `at_s` seconds after the beginning, on stderr."""
    at = f"[dim]{at_s:6.1f} s[/]"
    match event:
        case Answering(name, pid):
            notes().print(f"{at}  [green]up[/]       {name} [dim]pid {pid}[/]")
        case Died(name, _, fault, restart_in_s):
            again = f"started again in {restart_in_s:.1f} s"
            notes().print(f"{at}  [yellow]died[/]     {name} [dim]{again}[/]: {escape(fault.what)}")
        case CrashLooping(fault=fault) if stack.ready is not None:  # else the start fails with it
            complaint = complaint_about(fault)
            assert complaint is not None
            complain(complaint)
        case Stopped(name, after_s):
            notes().print(f"{at}  [dim]stopped  {name} in {after_s:.1f} s[/]")


def welcome(ready: Ready, took_s: float) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    there = console_files.index() is not None
    table.add_row("Console", ready.url if there else "[yellow]not in this installation[/]")
    table.add_row("API", f"{ready.url}/api/v1")
    table.add_row("Docs", f"{ready.url}/docs")
    table.add_row("Health", f"{ready.url}/health")
    if ready.key:
        table.add_row("Key", ready.key)
    table.add_row("Data folder", escape(ready.data))
    table.add_row("Logs", escape(str(Path(ready.data) / "logs")))
    screen = console()
    screen.print(f"\n[bold green]Haulage is up[/] after {took_s:.1f} s\n")
    screen.print(table)
    screen.print("\nTry it from another terminal:\n")
    screen.print(f"  {_first_command(ready)}", style="cyan", markup=False, soft_wrap=True)
    screen.print("\nCtrl-C stops everything.", style="dim")


def tell_of_missing_console() -> None:
    if console_files.index() is None:
        complain(
            Complaint(
                "The console is not built: there are no pages for browsers.",
                why="The API and everything else work.",
                mend=console_files.MEND,
            )
        )


def _first_command(ready: Ready) -> str:
    program = "haulage" if Path(sys.argv[0]).name == "haulage" else "python -m haulage"
    key = f"HAULAGE_API_KEY={ready.key} " if ready.key else ""
    return (
        f"HAULAGE_URL={ready.url} {key}{program} submit crunch --input '{{\"seconds\": 5}}' --wait"
    )
