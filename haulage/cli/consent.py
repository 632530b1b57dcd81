"""Asking before something is done that cannot be taken back."""

import sys
from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli.output import Complaint, complain, notes

NOTHING_SENT = 2
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


def confirm(question: str, *, yes: bool) -> None:
    """Go on if `yes` or if the person at the terminal says so; else exit, nothing sent.

    Without a terminal there is nobody to ask: that is a command line that makes no sense.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        complain(Complaint("Nobody is here to say yes.", question, "Say it beforehand: --yes"))
        raise typer.Exit(NOTHING_SENT)
    notes().print(f"{escape(question)} [dim]\\[y/N][/] ", end="")
    if input().strip().lower() not in ("y", "yes"):
        notes().print("Nothing done.")
        raise typer.Exit(1)
