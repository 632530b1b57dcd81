"""The filters of a list as options, the same wherever jobs are chosen."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, get_args

import typer

from haulage.cli import completion
from haulage.cli.inputs import read_past
from haulage.domain.lifecycle import State

PANEL = "Which jobs"
Filters = Mapping[str, Any]
_MOMENT = "A time such as [b]2026-01-31T18:00[/b], or [b]2h[/b] (ago)."


def _words(help: str, complete: Any = None) -> Any:
    option = typer.Option(help=help, metavar="NAME", autocompletion=complete, rich_help_panel=PANEL)
    return Annotated[list[str] | None, option]


def _moment(help: str) -> Any:
    return Annotated[str | None, typer.Option(help=help, metavar="TIME", rich_help_panel=PANEL)]


def _text(help: str) -> Any:
    return Annotated[str | None, typer.Option(help=help, metavar="TEXT", rich_help_panel=PANEL)]


_STATE = Annotated[
    list[State] | None,
    typer.Option(
        help=f"In this state: {', '.join(State)}. Repeatable.",
        metavar="STATE",
        rich_help_panel=PANEL,
    ),
]
_WORDS: Mapping[str, Any] = {
    "type": _words("Of this type. Repeatable.", completion.job_types),
    "queue": _words("In this queue. Repeatable.", completion.queue_names),
    "tag": _words("With this tag. Repeatable: all of them."),
}
_TIMES: Mapping[str, Any] = {
    "created_after": _moment(f"Created at or after. {_MOMENT}"),
    "created_before": _moment("Created before."),
    "started_after": _moment("Started at or after."),
    "started_before": _moment("Started before."),
}
_ENDS: Mapping[str, Any] = {
    "finished_after": _moment("Finished at or after."),
    "finished_before": _moment("Finished before."),
}
_ERRORS: Mapping[str, Any] = {
    "text": _text("With this in its error's code or message, in any case."),
    "fingerprint": _text("Failed for this cause; see [b]haulage dead-letters groups[/b]."),
}
_PARENT = Annotated[
    str | None,
    typer.Option(
        help="Child of this job.",
        metavar="ID",
        autocompletion=completion.job_ids,
        rich_help_panel=PANEL,
    ),
]

JOB_FILTERS: Mapping[str, Any] = {
    "state": _STATE, **_WORDS, **_TIMES, **_ENDS, **_ERRORS, "parent": _PARENT
}  # fmt: skip
DEAD_LETTER_FILTERS: Mapping[str, Any] = {**_WORDS, **_ENDS, **_ERRORS}
BULK_FILTERS: Mapping[str, Any] = {
    **JOB_FILTERS,
    "all": Annotated[
        bool, typer.Option("--all", help="All jobs, without a filter.", rich_help_panel=PANEL)
    ],
}


def choosing(options: Mapping[str, Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command these filters as options; it gets those that were said as its `filters`.

    The names are the API's. A moment that is none raises `BadParameter`.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command)
        parameters = []
        for parameter in own.parameters.values():
            if parameter.name == "filters":
                parameters += [_option(name, kind) for name, kind in options.items()]
            else:
                parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

        @wraps(command)
        def chosen(**given: Any) -> None:
            command(filters=_read({name: given.pop(name) for name in options}), **given)

        chosen.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        return chosen

    return decorate


def _option(name: str, kind: Any) -> inspect.Parameter:
    default = False if get_args(kind)[0] is bool else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _read(said: Mapping[str, Any]) -> Filters:
    filters: dict[str, Any] = {}
    for name, value in said.items():
        if not value:
            continue
        if name.endswith(("_after", "_before")):
            filters[name] = read_past(value, f"--{name.replace('_', '-')}")
        else:
            filters[name] = [str(one) for one in value] if isinstance(value, list) else value
    return filters
