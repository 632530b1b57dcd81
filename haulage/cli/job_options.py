"""Options of a job that is yet to be, the same for `submit` and for schedules."""

from enum import StrEnum
from typing import Annotated

import typer

from haulage.cli import completion


class PriorityName(StrEnum):
    """What `--priority` takes."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


InputOption = Annotated[
    str | None,
    typer.Option("--input", "-i", help="The input: JSON, [b]@file.json[/b] or [b]-[/b] (stdin)."),
]
FieldOption = Annotated[
    list[str] | None,
    typer.Option("--field", "-f", help="One field of the input, [b]name=value[/b]. Repeatable."),
]
QueueOption = Annotated[
    str | None,
    typer.Option(help="Not the type's own queue.", autocompletion=completion.queue_names),
]
PriorityOption = Annotated[PriorityName | None, typer.Option(help="Who goes first.")]
TagOption = Annotated[list[str] | None, typer.Option(help="A tag to find it by. Repeatable.")]
