"""`haulage`: imports only the command's own file; says expected errors in a few lines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

import haulage
from haulage.cli.helps import arrange

# Of the groups that have a command of that name: `list` is in most of them.
MAX_HOMES = 3
JOBS, RUN, CARE = "Jobs", "Run Haulage", "Look after it"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives: `home` is `module:attribute`, a function or a `typer.Typer`."""

    home: str
    panel: str


# Named here rather than discovered: finding out by import is what this file avoids.
COMMANDS = {
    "submit": Entry("haulage.cli.submit:submit", JOBS),
    "jobs": Entry("haulage.cli.jobs:app", JOBS),
    "dead-letters": Entry("haulage.cli.dead_letters:app", JOBS),
    "bulk": Entry("haulage.cli.bulk:app", JOBS),
    "types": Entry("haulage.cli.types:app", JOBS),
    "files": Entry("haulage.cli.files:app", JOBS),
    "up": Entry("haulage.cli.up:up", RUN),
    "demo": Entry("haulage.cli.demo:demo", RUN),
    "api": Entry("haulage.cli.server:api", RUN),
    "worker": Entry("haulage.cli.server:worker", RUN),
    "dispatcher": Entry("haulage.cli.server:dispatcher", RUN),
    "poller": Entry("haulage.cli.server:poller", RUN),
    "queues": Entry("haulage.cli.queues:app", CARE),
    "schedules": Entry("haulage.cli.schedules:app", CARE),
    "workers": Entry("haulage.cli.workers:app", CARE),
    "webhooks": Entry("haulage.cli.webhooks:app", CARE),
    "whoami": Entry("haulage.cli.whoami:whoami", CARE),
    "keys": Entry("haulage.cli.keys:app", CARE),
    "payloads": Entry("haulage.cli.payloads:app", CARE),
    "audit": Entry("haulage.cli.audit:audit", CARE),
    "credits": Entry("haulage.cli.credits:app", CARE),
    "stats": Entry("haulage.cli.stats:stats", CARE),
    "db": Entry("haulage.cli.db:app", CARE),
    "doctor": Entry("haulage.cli.doctor:doctor", CARE),
}


class LazyCommands(dict[str, Any]):
    """All command names; a command is imported when it is first looked up."""

    def __missing__(self, name: str) -> Any:
        entry = COMMANDS[name]
        module, _, attribute = entry.home.partition(":")
        try:
            found = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            # A light install: `haulage --help` still shows everything, the command itself says
            # which package it needs.
            if (error.name or "").startswith("haulage"):
                raise
            found = _refusing(error)
        command = get_command(found if isinstance(found, typer.Typer) else _alone(name, found))
        command.name = name
        arrange(command)
        command.rich_help_panel = entry.panel  # type: ignore[attr-defined]
        self[name] = command
        return command

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in COMMANDS else default

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def keys(self) -> Any:
        return COMMANDS.keys()


class Root(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**{**attrs, "commands": LazyCommands()})

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's own signature
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word = args[0]
        if word not in COMMANDS:
            homes = [f"'haulage {name} {word}'" for name in COMMANDS if word in self._members(name)]
            if homes:
                ctx.fail(f"No such command {word!r}. It is {_or(homes[:MAX_HOMES])}.")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        # Imported here: `haulage --version` and usage errors need none of it.
        from haulage.cli.complaints import complaint_about
        from haulage.cli.output import complain

        arguments = list(ctx.args)
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, KeyboardInterrupt):
            raise
        except Exception as error:
            complaint = complaint_about(
                error, command=self._path(ctx.invoked_subcommand, arguments)
            )
            if complaint is None:
                raise
            complain(complaint)
            raise typer.Exit(1) from error

    def _path(self, name: str | None, arguments: list[str]) -> str:
        """The command that was run, such as `jobs list`."""
        members = self._members(name) if name else ()
        return " ".join([name or "", *(word for word in arguments[:1] if word in members)])

    def _members(self, name: str) -> Any:
        """The commands of a group; none of a command."""
        return getattr(self.commands[name], "commands", ())


app = typer.Typer(
    cls=Root,
    name="haulage",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start everything on this machine with [bold]haulage up[/bold], "
    "or see it work with [bold]haulage demo[/bold].",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"haulage {haulage.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version.")
    ] = False,
) -> None:
    """Durable background jobs for long-running AI and document work.

    PostgreSQL remembers, Celery delivers, Redis coordinates.
    """


def main() -> None:
    """The entry point of the `haulage` script."""
    app(prog_name="haulage")


def _refusing(error: ModuleNotFoundError) -> Callable[[], None]:
    def refuse() -> None:
        """Not installed here: needs the packages of [b]pip install 'haulage[all]'[/b]."""
        raise error

    return refuse


def _or(names: list[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} or {last}" if before else last


def _alone(name: str, function: Any) -> typer.Typer:
    single = typer.Typer(add_completion=False, rich_markup_mode="rich")
    single.command(name)(function)
    return single
