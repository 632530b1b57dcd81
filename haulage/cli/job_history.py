"""What is told of one job: its log lines, its attempts, and why it isn't running."""

from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli import completion
from haulage.cli.job_lists import JOB_COLUMNS, AllOption, LimitOption, print_jobs
from haulage.cli.output import (
    Output,
    OutputOption,
    ago,
    console,
    duration,
    in_line,
    notes,
    print_json,
    size,
    state,
)
from haulage.cli.tables import Column, print_list, print_table
from haulage.client import AttemptView, Client, LogLine, StepView
from haulage.domain.lifecycle import State

JobId = Annotated[
    str, typer.Argument(metavar="ID", help="The job's id.", autocompletion=completion.job_ids)
]
OUTCOME_STYLES = {"succeeded": "green", "failed": "red", "crashed": "red", "running": "cyan"}


def logs(
    job_id: JobId,
    follow: Annotated[
        bool, typer.Option("--follow", "-F", help="Stay until the job is over.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print what a job's handler has logged.

    With [b]--follow[/b] Ctrl-C stops the following, never the job.

    [dim]Example[/dim]

    [cyan]haulage jobs logs 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55 --follow[/cyan]
    """
    with Client() as client:
        if not follow:
            empty = True
            for line in client.logs(job_id):
                _print_line(line, output)
                empty = False
            if empty and output is Output.TEXT:
                notes().print("[dim]Its handler has logged nothing (await ctx.log(…)).[/]")
            return
        try:
            for event in client.stream(job_id):
                if event.event == "log":
                    _print_line(LogLine.from_json({"seq": event.id, **event.data}), output)
                elif event.event == "state" and output is Output.TEXT:
                    notes().print(f"[dim]—[/] {state(str(event.data.get('state')))}")
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def why(job_id: JobId, output: OutputOption = Output.TEXT) -> None:
    """Say why a job isn't running: what stands before it, and until when.

    [dim]Example[/dim]

    [cyan]haulage jobs why 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        answer = client.why(job_id)
    if output is Output.JSON:
        print_json(answer.raw)
        return
    console().print(f"{state(answer.state)}  {escape(job_id)}", soft_wrap=True)
    for cause in answer.causes:
        until = f" [dim]{ago(cause.until)}[/]" if cause.until else ""
        console().print(
            f"  [bold]{escape(cause.code)}[/]  {escape(cause.message)}{until}", soft_wrap=True
        )


def attempts(job_id: JobId, output: OutputOption = Output.TEXT) -> None:
    """List what was tried, over all runs of a job: how each try ended and how long it took.

    [dim]Example[/dim]

    [cyan]haulage jobs attempts 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        found = client.attempts(job_id)
    print_list(
        ATTEMPT_COLUMNS,
        found,
        output,
        none=f"No attempt yet. See [b]haulage jobs why {escape(job_id)}[/b].",
    )


def steps(
    job_id: JobId,
    limit: LimitOption = 100,
    all: AllOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the pieces of work that a job has finished and will not do again, the oldest first.

    [dim]Example[/dim]

    [cyan]haulage jobs steps 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55 --all -o json[/cyan]
    """
    most = None if all else limit
    with Client() as client:
        found = client.steps(job_id)
        if output is Output.JSON:
            for step in islice(found, most):
                print_json(step.raw)
        elif not print_table(STEP_COLUMNS, islice(found, most)):
            notes().print("No finished step.")
        elif most is not None and next(found, None) is not None:
            notes().print(f"[dim]There are more: --limit {most * 5} or --all.[/]")


def children(
    job_id: JobId,
    state: Annotated[
        list[State] | None,
        typer.Option(help="Only those in this state. Repeatable.", metavar="STATE"),
    ] = None,
    limit: LimitOption = 20,
    all: AllOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """List the jobs that a job's handler spawned, the newest first.

    [dim]Example[/dim]

    [cyan]haulage jobs children 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55 --state failed[/cyan]
    """
    most = None if all else limit
    with Client() as client:
        found = client.children(job_id, state=[str(one) for one in state or ()])
        none = "No children like that." if state else "It has no children."
        print_jobs(found, JOB_COLUMNS, limit=most, output=output, none=none)


def _print_line(line: LogLine, output: Output) -> None:
    if output is Output.JSON:
        at = line.at.isoformat() if line.at else None
        print_json({"seq": line.seq, "at": at, "message": line.message, "fields": line.fields})
        return
    at = f"[dim]{line.at.astimezone():%H:%M:%S}[/] " if line.at else ""
    fields = " ".join(f"[dim]{escape(name)}=[/]{escape(str(v))}" for name, v in line.fields.items())
    console().print(f"{at}{escape(line.message)} {fields}".rstrip(), soft_wrap=True)


def _outcome(one: AttemptView) -> str:
    return f"[{OUTCOME_STYLES.get(one.outcome, 'yellow')}]{escape(one.outcome)}[/]"


def _what_went_wrong(one: AttemptView) -> str:
    if one.error:
        return f"{escape(one.error.code)}: {escape(one.error.message)}"
    return escape(one.reason or "")


ATTEMPT_COLUMNS: tuple[Column[AttemptView], ...] = (
    Column("run", lambda one: str(one.run), right=True),
    Column("attempt", lambda one: str(one.number), right=True),
    Column("outcome", _outcome),
    Column("started", lambda one: ago(one.started_at), spare=1, right=True),
    Column("took", lambda one: duration(one.duration_s), right=True),
    Column("pieces", lambda one: str(one.pieces) if one.pieces > 1 else "", spare=3, right=True),
    Column("memory", lambda one: size(one.peak_rss_bytes), spare=4, right=True),
    Column("error", _what_went_wrong, folds=True),
)


def _value(step: StepView) -> str:
    return "" if step.value is None else escape(in_line(step.value))


STEP_COLUMNS: tuple[Column[StepView], ...] = (
    Column("step", lambda one: escape(one.name), style="bold", folds=True),
    Column("finished", lambda one: ago(one.finished_at), spare=2, right=True),
    Column("took", lambda one: duration(one.duration_s), right=True),
    Column("size", lambda one: size(one.size), spare=3, right=True),
    Column("value", _value, spare=1, folds=True),
)
