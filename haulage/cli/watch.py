"""Following a job to its end on a terminal, for `submit --wait` and `jobs watch`."""

from uuid import UUID

import typer
from rich.markup import escape

from haulage.cli.output import (
    Complaint,
    Output,
    complain,
    console,
    duration,
    notes,
    print_json,
    print_pretty,
    state,
)
from haulage.cli.progress import JobBars
from haulage.client import ApiError, Client, JobView

DETACHED = 130


def watch(client: Client, job: JobView, output: Output) -> None:
    """Show the job until it is over, then its result.

    Exits with 1 when it did not succeed. Ctrl-C leaves the job alone and exits with 130.
    """
    try:
        _show(client, job, output)
        finished = client.wait(job.id)
    except KeyboardInterrupt:
        _say_detached(job.id)
        raise typer.Exit(DETACHED) from None
    if output is Output.JSON:
        print_json({**finished.raw, "result": _result(client, finished)})
    elif finished.succeeded:
        _say_done(finished)
        print_pretty(_result(client, finished))
    if not finished.succeeded:
        complain(_why(finished))
        raise typer.Exit(1)


def _show(client: Client, job: JobView, output: Output) -> None:
    if output is Output.JSON:
        return
    try:
        with JobBars(notes()) as bars:
            bars.add(job.id, job.type)
            for event in client.stream(job.id):
                bars.take(job.id, event)
    except ApiError as error:
        # Without a stream there is nothing to draw; the wait that follows asks instead.
        if error.status == 404:
            raise


def _result(client: Client, job: JobView) -> object:
    if job.result is None and job.succeeded:
        return client.result(job.id)
    return job.result


def _say_done(job: JobView) -> None:
    took = f" in {duration(job.duration_s)}" if job.duration_s is not None else ""
    notes().print(f"{state(job.state)}{took}  [dim]{job.id}[/]")


def _why(job: JobView) -> Complaint:
    what = f"Job {job.id} {job.state}" + (f" ({job.reason})." if job.reason else ".")
    if job.error:
        why = f"{job.error.code}: {job.error.message}"
    else:
        why = f"by {job.cancelled_by}" if job.cancelled_by else ""
    return Complaint(what, why, f"haulage jobs show {job.id}   # and: haulage jobs logs {job.id}")


def _say_detached(job_id: UUID) -> None:
    notes().print("\n[bold]Detached.[/] The job goes on without you.")
    notes().print(f"  follow it   [b]haulage jobs watch {escape(str(job_id))}[/]", soft_wrap=True)
    notes().print(f"  cancel it   [b]haulage jobs cancel {escape(str(job_id))}[/]", soft_wrap=True)


def announce(job: JobView, output: Output) -> None:
    """Say that a job was accepted, and what can be done with it."""
    if output is Output.JSON:
        print_json(job.raw)
        return
    console().print(f"{state(job.state)}  [bold]{escape(job.type)}[/]  {job.id}", soft_wrap=True)
    notes().print(f"[dim]follow it with[/] haulage jobs watch {job.id}", soft_wrap=True)
