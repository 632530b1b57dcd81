"""`haulage schedules`: jobs that come again."""

import difflib
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.markup import escape

from haulage.cli import completion, inputs
from haulage.cli.consent import YesOption, confirm
from haulage.cli.job_options import (
    FieldOption,
    InputOption,
    PriorityOption,
    QueueOption,
    TagOption,
)
from haulage.cli.output import (
    Complaint,
    Output,
    OutputOption,
    ago,
    complain,
    console,
    print_json,
    print_pretty,
)
from haulage.cli.submit import properties_of
from haulage.cli.tables import Column, print_facts, print_list
from haulage.cli.watch import announce
from haulage.client import Client, ScheduleView

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Jobs that come again, by a cron expression in a time zone.",
)
ScheduleName = Annotated[
    str,
    typer.Argument(
        metavar="SCHEDULE", help="Its name or its id.", autocompletion=completion.schedule_names
    ),
]


class Missed(StrEnum):
    """What `--missed` takes."""

    SKIP = "skip"
    RUN_ONCE = "run_once"
    RUN_ALL = "run_all"


@app.command("list")
def list_schedules(output: OutputOption = Output.TEXT) -> None:
    """List the schedules with their next runs.

    [dim]Example[/dim]

    [cyan]haulage schedules list[/cyan]
    """
    with Client() as client:
        schedules = client.schedules()
    print_list(
        COLUMNS, schedules, output, none="No schedules. See [b]haulage schedules create --help[/b]."
    )


@app.command()
def show(schedule: ScheduleName, output: OutputOption = Output.TEXT) -> None:
    """Show a schedule, its input and its next five runs.

    [dim]Example[/dim]

    [cyan]haulage schedules show morning-summary[/cyan]
    """
    with Client() as client:
        _show(_find(client, schedule), output)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="A name of yours, unique.")],
    type: Annotated[str, typer.Argument(help="The job type.", autocompletion=completion.job_types)],
    cron: Annotated[
        str, typer.Option(help="Five fields: minute hour day month weekday, in quotes.")
    ],
    timezone: Annotated[str, typer.Option("--timezone", "--tz", help="Whose clock.")] = "UTC",
    input: InputOption = None,
    field: FieldOption = None,
    missed: Annotated[
        Missed, typer.Option(help="Runs whose moment passed while nothing ran.")
    ] = Missed.RUN_ONCE,
    queue: QueueOption = None,
    priority: PriorityOption = None,
    tag: TagOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Make a schedule; checked as a submit would be.

    [dim]Examples[/dim]

    [cyan]haulage schedules create hello echo --cron "*/5 * * * *" --field value=hi[/cyan]

    [cyan]haulage schedules create news web_scrape --cron "30 6 * * 1-5" --tz Europe/Rome
    -f url=https://example.org[/cyan]
    """
    given = inputs.read_input(input)
    fields = inputs.read_fields(field or ())
    if fields and not isinstance(given, dict):
        raise typer.BadParameter("--field needs an --input that is a JSON object")
    with Client() as client:
        if fields:
            given |= inputs.typed_fields(fields, properties_of(client, type))
        made = client.create_schedule(
            name,
            type,
            given,
            cron=cron,
            timezone=timezone,
            missed=missed.value,
            queue=queue,
            priority=priority.value if priority else None,
            tags=tag or (),
        )
    _show(made, output)


@app.command()
def pause(schedule: ScheduleName, output: OutputOption = Output.TEXT) -> None:
    """Pause a schedule: it makes no jobs until it is resumed.

    [dim]Example[/dim]

    [cyan]haulage schedules pause morning-summary[/cyan]
    """
    _change(schedule, output, Client.pause_schedule)


@app.command()
def resume(schedule: ScheduleName, output: OutputOption = Output.TEXT) -> None:
    """Resume a schedule from its next moment on; what the pause held back is not made up for.

    [dim]Example[/dim]

    [cyan]haulage schedules resume morning-summary[/cyan]
    """
    _change(schedule, output, Client.resume_schedule)


@app.command()
def run(schedule: ScheduleName, output: OutputOption = Output.TEXT) -> None:
    """Make one of its jobs now; its moments stay as they are.

    [dim]Example[/dim]

    [cyan]haulage schedules run morning-summary[/cyan]
    """
    with Client() as client:
        announce(client.run_schedule(_find(client, schedule).id), output)


@app.command()
def delete(
    schedule: ScheduleName,
    yes: YesOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Delete a schedule; the jobs it made stay.

    [dim]Example[/dim]

    [cyan]haulage schedules delete morning-summary[/cyan]
    """
    with Client() as client:
        found = _find(client, schedule)
        confirm(f"Delete the schedule {found.name} ({found.cron}, {found.type})?", yes=yes)
        client.delete_schedule(found.id)
    if output is Output.JSON:
        print_json(found.raw)
    else:
        console().print(f"[yellow]deleted[/]  {escape(found.name)}")


def _change(wanted: str, output: Output, change: Callable[[Client, UUID], ScheduleView]) -> None:
    with Client() as client:
        changed = change(client, _find(client, wanted).id)
    _show(changed, output)


def _find(client: Client, wanted: str) -> ScheduleView:
    """The schedule with this name or id; exits with 1 when there is none."""
    schedules = client.schedules()
    for schedule in schedules:
        if wanted in (schedule.name, str(schedule.id)):
            return schedule
    nearest = difflib.get_close_matches(wanted, [one.name for one in schedules], n=3)
    hint = f"Did you mean {', '.join(nearest)}?" if nearest else ""
    complain(Complaint(f"There is no schedule {wanted!r}.", hint, "haulage schedules list"))
    raise typer.Exit(1)


def _show(schedule: ScheduleView, output: Output) -> None:
    if output is Output.JSON:
        print_json(schedule.raw)
        return
    print_facts(
        [
            ("schedule", f"[bold]{escape(schedule.name)}[/]"),
            ("id", str(schedule.id)),
            ("type", escape(schedule.type)),
            ("cron", f"{escape(schedule.cron)} [dim]{escape(schedule.timezone)}[/]"),
            ("paused", _paused(schedule)),
            ("missed runs", schedule.missed.replace("_", " ")),
            ("queue", f"{escape(schedule.queue)}, {escape(schedule.priority)} priority"),
            ("tags", escape(", ".join(schedule.tags))),
            ("last run", ago(schedule.last_run_at)),
            ("last job", str(schedule.last_job_id or "")),
            ("next runs", "\n".join(_local(one, schedule) for one in schedule.next_runs)),
        ]
    )
    console().print("\n[bold]input[/]")
    print_pretty(schedule.input)


def _paused(schedule: ScheduleView) -> str:
    if schedule.paused_at is None:
        return ""
    by = f" by {escape(schedule.paused_by)}" if schedule.paused_by else ""
    return f"[yellow]{ago(schedule.paused_at)}{by}[/]"


def _local(moment: datetime, schedule: ScheduleView) -> str:
    """The moment on the schedule's own clock."""
    try:
        shown = moment.astimezone(ZoneInfo(schedule.timezone))
    except (ZoneInfoNotFoundError, ValueError):
        # This machine knows no such zone, though the server does.
        shown = moment.astimezone(UTC)
    return f"{shown:%a %Y-%m-%d %H:%M %Z} [dim]{ago(moment)}[/]"


def _next(schedule: ScheduleView) -> str:
    if schedule.paused_at:
        return f"[yellow]paused[/] {_paused(schedule)}"
    return _local(schedule.next_runs[0], schedule) if schedule.next_runs else ""


COLUMNS: tuple[Column[ScheduleView], ...] = (
    Column("schedule", lambda one: escape(one.name), style="bold", folds=True),
    Column("type", lambda one: escape(one.type), spare=1),
    Column("cron", lambda one: escape(one.cron)),
    Column("zone", lambda one: escape(one.timezone), spare=3),
    Column("next run", _next),
    Column("last run", lambda one: ago(one.last_run_at), spare=2, right=True),
)
