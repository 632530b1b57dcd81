"""What can be done to jobs, one by one: `haulage jobs cancel` and its like."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import typer

from haulage.cli import completion
from haulage.cli.complaints import complaint_about
from haulage.cli.output import (
    Output,
    OutputOption,
    complain,
    console,
    print_json,
    state,
)
from haulage.client import ApiError, Client, JobView

IDS_HELP = "The jobs' ids; [b]-[/b] reads them from stdin, one a line."
LiveIds = Annotated[
    list[str],
    typer.Argument(metavar="ID…", help=IDS_HELP, autocompletion=completion.live_job_ids),
]
RedrivableIds = Annotated[
    list[str],
    typer.Argument(metavar="ID…", help=IDS_HELP, autocompletion=completion.redrivable_job_ids),
]


def cancel(job_ids: LiveIds, output: OutputOption = Output.TEXT) -> None:
    """Cancel jobs, queued or running.

    A running job stops within about two seconds. Exits with 1 if any could not be cancelled.
    Thousands at once: [b]haulage bulk start cancel[/b].

    [dim]Examples[/dim]

    [cyan]haulage jobs cancel 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]

    [cyan]haulage jobs list --tag old -o json | jq -r .id | haulage jobs cancel -[/cyan]
    """
    with Client() as client:
        each(job_ids, client.cancel, output=output, under_way="[yellow]cancelling[/]")


def retry(job_ids: RedrivableIds, output: OutputOption = Output.TEXT) -> None:
    """Run failed or cancelled jobs again: finished steps stay, attempts count anew.

    Exits with 1 if any could not be. Thousands at once: [b]haulage bulk start retry[/b].

    [dim]Example[/dim]

    [cyan]haulage jobs retry 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        each(job_ids, client.retry, output=output)


def each(
    job_ids: Sequence[str],
    do: Callable[[str], JobView],
    *,
    output: Output,
    done: str | None = None,
    under_way: str | None = None,
) -> None:
    """Do it to each job; a refusal is said and the others go on, then the exit code is 1.

    Said of each is its state, or `done`; or `under_way` while it has not got to its end.
    """
    refused = False
    for job_id in _spelt_out(job_ids):
        try:
            job = do(job_id)
        except ApiError as error:
            refused = True
            complaint = complaint_about(error)
            assert complaint is not None
            complain(complaint)
            continue
        if output is Output.JSON:
            print_json(job.raw)
        else:
            said = under_way if under_way and not job.is_terminal else done or state(job.state)
            console().print(f"{said}  {job.id}", soft_wrap=True)
    if refused:
        raise typer.Exit(1)


def _spelt_out(job_ids: Sequence[str]) -> Iterator[str]:
    for job_id in job_ids:
        if job_id == "-":
            yield from (line.strip() for line in sys.stdin if line.strip())
        else:
            yield job_id
