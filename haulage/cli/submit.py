"""`haulage submit`: one job, and if wanted its progress and its result."""

from pathlib import Path
from typing import Annotated, Any

import typer

from haulage.cli import completion, inputs
from haulage.cli.job_options import (
    FieldOption,
    InputOption,
    PriorityOption,
    QueueOption,
    TagOption,
)
from haulage.cli.output import Output, OutputOption, notes
from haulage.cli.watch import announce, watch
from haulage.client import Client


def submit(
    type: Annotated[
        str,
        typer.Argument(
            help="The job type; see [b]haulage types list[/b].",
            autocompletion=completion.job_types,
        ),
    ],
    input: InputOption = None,
    field: FieldOption = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            help="Upload a file and put its id into the type's field for files, "
            "or the one that is named: [b]name=path[/b]. Repeatable, for a list in that order.",
        ),
    ] = None,
    queue: QueueOption = None,
    priority: PriorityOption = None,
    run_at: Annotated[
        str | None, typer.Option(help="Not before: [b]2026-01-31T18:00[/b] or [b]+10m[/b].")
    ] = None,
    tag: TagOption = None,
    max_attempts: Annotated[int | None, typer.Option(min=1, help="Tries at most.")] = None,
    timeout: Annotated[
        str | None, typer.Option(help="Limit of one attempt: [b]90[/b] (seconds), [b]10m[/b].")
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(help="A webhook that is told of it, by its name.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", "-w", help="Show its progress, then its result.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Submit a job.

    With [b]--wait[/b] the exit code is 0 when the job succeeded and 1 when it failed or was
    cancelled; Ctrl-C stops the waiting, never the job.

    [dim]Examples[/dim]

    [cyan]haulage submit crunch --field seconds=5 --wait[/cyan]

    [cyan]haulage submit rewrite_novel --file novel.pdf -f sentence_length_limit=12 --wait[/cyan]

    [cyan]haulage submit extract_newspaper --file page1.png --file page2.png --wait[/cyan]

    [cyan]haulage submit summarize_text -i @article.json --priority high --tag news[/cyan]

    [cyan]echo '{"value": 1}' | haulage submit echo -i - --run-at +10m -o json[/cyan]
    """
    given = inputs.read_input(input)
    fields = inputs.read_fields(field or ())
    files = inputs.read_files(file or ())
    when = inputs.read_moment(run_at)
    limit_s = inputs.read_duration(timeout)
    if (fields or files) and not isinstance(given, dict):
        raise typer.BadParameter("--field and --file need an --input that is a JSON object")
    with Client() as client:
        properties = properties_of(client, type) if fields or files else {}
        if fields:
            given |= inputs.typed_fields(fields, properties)
        for name, placed in inputs.place_files(files, properties).items():
            if isinstance(placed, list):
                given[name] = [uploaded(client, path, output) for path in placed]
            else:
                given[name] = uploaded(client, placed, output)
        job = client.submit(
            type,
            given,
            queue=queue,
            priority=priority.value if priority else None,
            run_at=when,
            tags=tag or (),
            max_attempts=max_attempts,
            timeout_s=limit_s,
            webhook=webhook,
        )
        if wait:
            watch(client, job, output)
        else:
            announce(job, output)


def uploaded(client: Client, path: Path, output: Output) -> str:
    """The id that the API knows the file by."""
    if output is Output.TEXT:
        notes().print(f"[dim]uploading {path.name} …[/]", soft_wrap=True)
    return str(client.upload(path).id)


def properties_of(client: Client, name: str) -> dict[str, Any]:
    """The fields of a job type's input; none for an unknown type: the API says so better."""
    for declared in client.types():
        if declared.name == name:
            return dict(declared.input_schema.get("properties") or {})
    return {}
