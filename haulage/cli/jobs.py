"""`haulage jobs`: find jobs, look at them, follow them, cancel them."""

from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli import completion, job_actions, job_history
from haulage.cli.filters import JOB_FILTERS, Filters, choosing
from haulage.cli.job_lists import (
    JOB_COLUMNS,
    AllOption,
    LimitOption,
    page_size_for,
    print_jobs,
    progress,
)
from haulage.cli.output import (
    Output,
    OutputOption,
    ago,
    console,
    duration,
    notes,
    print_json,
    print_pretty,
    state,
)
from haulage.cli.tables import print_facts
from haulage.cli.watch import watch as watch_job
from haulage.client import Client, JobView

FIRST_JOB = "haulage submit echo --field value=hello --wait"
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Find jobs, look at them, follow them, cancel them.",
)
JobId = Annotated[
    str, typer.Argument(metavar="ID", help="The job's id.", autocompletion=completion.job_ids)
]


@app.command("list")
@choosing(JOB_FILTERS)
def list_jobs(
    filters: Filters,
    limit: LimitOption = 20,
    all: AllOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """List jobs, the newest first.

    [dim]Examples[/dim]

    [cyan]haulage jobs list --state failed --created-after 2h[/cyan]

    [cyan]haulage jobs list --state queued --state scheduled --queue cpu -n 50[/cyan]

    [cyan]haulage jobs list --type web_scrape --all -o json | wc -l[/cyan]
    """
    none = "No jobs like that." if filters else f"No jobs. Try [b]{FIRST_JOB}[/b]."
    most = None if all else limit
    with Client() as client:
        found = client.list(**filters, page_size=page_size_for(most))
        print_jobs(found, JOB_COLUMNS, limit=most, output=output, none=none)


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
    print_facts(_facts(job))
    for title, value in (("input", job.input), ("result", job.result)):
        if value is not None:
            console().print(f"\n[bold]{title}[/]")
            print_pretty(value)
    _hint(job)


@app.command("result")
def show_result(job_id: JobId, output: OutputOption = Output.TEXT) -> None:
    """Print a job's whole result and nothing else.

    [dim]Example[/dim]

    [cyan]haulage jobs result 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55 -o json | jq .[/cyan]
    """
    show(job_id, result=True, output=output)


@app.command()
def watch(job_id: JobId, output: OutputOption = Output.TEXT) -> None:
    """Follow a job's progress to its end, then print its result.

    Ctrl-C stops the watching, never the job. Exits with 1 when the job did not succeed.

    [dim]Example[/dim]

    [cyan]haulage jobs watch 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        watch_job(client, client.get(job_id), output)


app.command()(job_actions.cancel)
app.command()(job_actions.retry)
app.command()(job_history.logs)
app.command()(job_history.why)
app.command()(job_history.attempts)
app.command()(job_history.steps)
app.command()(job_history.children)


def _hint(job: JobView) -> None:
    if job.succeeded and job.result is None:
        say = f"The result is not shown here:[/] haulage jobs result {job.id}"
    elif not job.is_terminal:
        say = f"Why it isn't running:[/] haulage jobs why {job.id}"
        if job.state == "running":
            say = f"Follow it:[/] haulage jobs watch {job.id}"
    else:
        return
    notes().print(f"\n[dim]{say}", soft_wrap=True)


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
        ("progress", f"{progress(job)} {step}".strip()),
        ("run", str(run) if (run := job.raw.get("run", 1)) > 1 else ""),
        ("attempt", f"{job.attempt} of {job.max_attempts}"),
        ("queue", f"{escape(job.queue)}, {escape(job.priority)} priority"),
        ("tags", escape(", ".join(job.tags))),
        ("created", ago(job.created_at)),
        ("scheduled", "" if job.started_at else ago(job.scheduled_at)),
        ("started", ago(job.started_at)),
        ("finished", ago(job.finished_at)),
        ("took", duration(job.duration_s)),
        ("credits", _credits(job)),
    ]


def _credits(job: JobView) -> str:
    if job.credits is None:
        return ""
    cost, price = job.credits.get("cost"), job.credits.get("price")
    return f"{price} reserved" if cost is None else f"{cost} [dim]of {price} a run[/]"
