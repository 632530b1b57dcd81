"""`haulage jobs`: look at jobs, follow them, cancel them."""

from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from haulage.cli.output import (
    Output,
    OutputOption,
    ago,
    complain,
    complaint_about,
    console,
    duration,
    notes,
    print_json,
    print_pretty,
    state,
)
from haulage.cli.watch import watch as watch_job
from haulage.client import ApiError, Client, JobView, LogLine
from haulage.domain.lifecycle import State

PAGE = 100
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Look at jobs, follow them, cancel them.",
)
JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's id.")]


@app.command("list")
def list_jobs(
    state: Annotated[State | None, typer.Option(help="Only jobs in this state.")] = None,
    type: Annotated[str | None, typer.Option(help="Only jobs of this type.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only jobs with this tag.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only jobs of this queue.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 20,
    all: Annotated[bool, typer.Option("--all", help="All of them, however many.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """List jobs, the newest first.

    [dim]Examples[/dim]

    [cyan]haulage jobs list --state failed[/cyan]

    [cyan]haulage jobs list --type web_scrape --all -o json | wc -l[/cyan]
    """
    with Client() as client:
        page_size = PAGE if all else min(limit + 1, PAGE)
        found = client.list(state=state, type=type, tag=tag, queue=queue, page_size=page_size)
        if output is Output.JSON:
            for job in found if all else islice(found, limit):
                print_json(job.raw)
            return
        # One more than shown tells whether there are more.
        jobs = list(found if all else islice(found, limit + 1))
    if not jobs:
        if state or type or tag or queue:
            notes().print("No jobs like that.")
        else:
            notes().print("No jobs. Try [b]haulage submit echo --field value=hello --wait[/b].")
        return
    console().print(_table(jobs if all else jobs[:limit]))
    if not all and len(jobs) > limit:
        notes().print(f"[dim]There are more: --limit {limit * 5} or --all.[/]")


@app.command()
def show(
    job_id: JobId,
    result: Annotated[
        bool, typer.Option("--result", help="Print the whole result and nothing else.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show one job with its input and its result.

    [dim]Examples[/dim]

    [cyan]haulage jobs show 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]

    [cyan]haulage jobs show 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55 --result > result.json[/cyan]
    """
    with Client() as client:
        if result:
            value = client.result(job_id)
            print_json(value) if output is Output.JSON else print_pretty(value)
            return
        job = client.get(job_id, include=["input"])
    if output is Output.JSON:
        print_json(job.raw)
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    for name, value in _facts(job):
        if value:
            grid.add_row(name, value)
    console().print(grid)
    for title, value in (("input", job.input), ("result", job.result)):
        if value is not None:
            console().print(f"\n[bold]{title}[/]")
            print_pretty(value)
    if job.succeeded and job.result is None:
        notes().print(
            f"\n[dim]The result is not shown here:[/] haulage jobs show {job.id} --result",
            soft_wrap=True,
        )


@app.command()
def cancel(
    job_ids: Annotated[list[str], typer.Argument(metavar="ID…", help="The jobs' ids.")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Cancel jobs, queued or running.

    A running job stops within about two seconds. Exits with 1 if any could not be cancelled.

    [dim]Examples[/dim]

    [cyan]haulage jobs cancel 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]

    [cyan]haulage jobs list --tag old --all -o json | jq -r .id | xargs haulage jobs cancel[/cyan]
    """
    refused = False
    with Client() as client:
        for job_id in job_ids:
            try:
                job = client.cancel(job_id)
            except ApiError as error:
                refused = True
                complaint = complaint_about(error)
                assert complaint is not None
                complain(complaint)
                continue
            if output is Output.JSON:
                print_json(job.raw)
            else:
                said = state(job.state) if job.is_terminal else "[yellow]cancelling[/]"
                console().print(f"{said}  {job.id}", soft_wrap=True)
    if refused:
        raise typer.Exit(1)


@app.command()
def watch(job_id: JobId, output: OutputOption = Output.TEXT) -> None:
    """Follow a job's progress to its end, then print its result.

    Ctrl-C stops the watching, never the job. Exits with 1 when the job did not succeed.

    [dim]Example[/dim]

    [cyan]haulage jobs watch 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        watch_job(client, client.get(job_id), output)


@app.command()
def logs(
    job_id: JobId,
    follow: Annotated[
        bool, typer.Option("--follow", "-F", help="Stay until the job is over.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print what a job's handler has logged.

    [dim]Example[/dim]

    [cyan]haulage jobs logs 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55 --follow[/cyan]
    """
    with Client() as client:
        if not follow:
            for line in client.logs(job_id):
                _print_line(line, output)
            return
        try:
            for event in client.stream(job_id):
                if event.event == "log":
                    _print_line(LogLine.from_json({"seq": event.id, **event.data}), output)
                elif event.event == "state" and output is Output.TEXT:
                    notes().print(f"[dim]—[/] {state(str(event.data.get('state')))}")
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def _print_line(line: LogLine, output: Output) -> None:
    if output is Output.JSON:
        at = line.at.isoformat() if line.at else None
        print_json({"seq": line.seq, "at": at, "message": line.message, "fields": line.fields})
        return
    at = f"[dim]{line.at.astimezone():%H:%M:%S}[/] " if line.at else ""
    fields = " ".join(f"[dim]{escape(name)}=[/]{escape(str(v))}" for name, v in line.fields.items())
    console().print(f"{at}{escape(line.message)} {fields}".rstrip(), soft_wrap=True)


def _table(jobs: list[JobView]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("id", no_wrap=True, min_width=36)
    table.add_column("type", overflow="fold")
    for name in ("state", "progress", "queue", "created", "took"):
        table.add_column(name, no_wrap=True)
    for job in jobs:
        table.add_row(
            str(job.id),
            escape(job.type),
            state(job.state),
            _progress(job),
            escape(job.queue),
            ago(job.created_at),
            duration(job.duration_s),
        )
    return table


def _progress(job: JobView) -> str:
    if job.is_terminal and not job.progress.failed:
        return ""
    parts = []
    if job.progress.percent is not None:
        parts.append(f"{job.progress.percent:.0f} %")
    if job.progress.total:
        parts.append(f"{job.progress.done}/{job.progress.total}")
    if job.progress.failed:
        parts.append(f"[red]{job.progress.failed} failed[/]")
    return " ".join(parts)


def _facts(job: JobView) -> list[tuple[str, str]]:
    error = f"[red]{escape(job.error.code)}[/] {escape(job.error.message)}" if job.error else ""
    step = escape(job.progress.step or "")
    cancelled = f"by {escape(job.cancelled_by)} {ago(job.cancelled_at)}" if job.cancelled_by else ""
    return [
        ("id", str(job.id)),
        ("type", escape(job.type)),
        ("state", state(job.state) + (f" [dim]({escape(job.reason)})[/]" if job.reason else "")),
        ("error", error),
        ("cancelled", cancelled),
        ("progress", f"{_progress(job)} {step}".strip()),
        ("attempt", f"{job.attempt} of {job.max_attempts}"),
        ("queue", f"{escape(job.queue)}, {escape(job.priority)} priority"),
        ("tags", escape(", ".join(job.tags))),
        ("created", ago(job.created_at)),
        ("scheduled", "" if job.started_at else ago(job.scheduled_at)),
        ("started", ago(job.started_at)),
        ("finished", ago(job.finished_at)),
        ("took", duration(job.duration_s)),
    ]
