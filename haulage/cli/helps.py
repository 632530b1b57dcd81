"""How help texts are laid out: prose fits the terminal, examples stand one below the other."""

from typing import Any

EXAMPLE = "[cyan]"


def arrange(command: Any) -> None:
    """Lay out the help of a command and of those below it, as their docstrings have it."""
    if command.help:
        command.help = _arranged(command.help)
    for member in getattr(command, "commands", {}).values():
        arrange(member)


def _arranged(text: str) -> str:
    arranged = ""
    for paragraph in text.split("\n\n"):
        line = " ".join(paragraph.split())
        # Typer keeps the line breaks of every paragraph but the first.
        gap = "\n" if line.startswith(EXAMPLE) else "\n\n"
        arranged += (gap if arranged else "") + (f"  {line}" if gap == "\n" else line)
    return arranged
