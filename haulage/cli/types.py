"""`haulage types`: what this installation can do, and how to ask for it."""

import difflib
import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from haulage.cli import completion
from haulage.cli.output import (
    Complaint,
    Output,
    OutputOption,
    complain,
    console,
    print_json,
)
from haulage.cli.type_page import section_of
from haulage.client import Client, TypeView

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="The job types of this installation, and how to ask for them.",
)


@app.command("list")
def list_types(output: OutputOption = Output.TEXT) -> None:
    """List the job types.

    [dim]Example[/dim]

    [cyan]haulage types list[/cyan]
    """
    with Client() as client:
        types = client.types()
    if output is Output.JSON:
        for declared in types:
            print_json(declared.raw)
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("type", style="bold", no_wrap=True)
    table.add_column("queue")
    table.add_column("what it does")
    for declared in types:
        first_line = declared.description.partition("\n")[0]
        table.add_row(escape(declared.name), escape(declared.queue), escape(first_line))
    console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The job type.", autocompletion=completion.job_types)],
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what a job type takes and gives, with a command that is ready to run.

    [dim]Example[/dim]

    [cyan]haulage types show rewrite_novel[/cyan]
    """
    with Client() as client:
        types = {declared.name: declared for declared in client.types()}
    _require_known([name], types)
    if output is Output.JSON:
        print_json(types[name].raw)
    else:
        _describe(types[name])


@app.command()
def docs(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Which; all unless said.", autocompletion=completion.job_types),
    ] = None,
) -> None:
    """Print a page of the job types, as Markdown.

    [dim]Examples[/dim]

    [cyan]haulage types docs > job-types.md[/cyan]

    [cyan]haulage types docs summarize_text[/cyan]
    """
    with Client() as client:
        types = {declared.name: declared for declared in client.types()}
    _require_known(names or (), types)
    for name in names or types:
        typer.echo("\n".join(section_of(types[name].raw)))


def submit_command(declared: TypeView) -> str:
    """A `haulage submit` that runs as it stands, if the type has an example."""
    words = ["haulage", "submit", declared.name]
    example = declared.example if declared.example is not None else {}
    if isinstance(example, dict) and "file" in example:
        words += ["--file", "PATH"]
        example = {name: value for name, value in example.items() if name != "file"}
    if example:
        words += ["--input", json.dumps(example, ensure_ascii=False)]
    elif "--file" not in words:
        # No example: what must be said, at least.
        for name in declared.input_schema.get("required") or ():
            words += ["--field", f"{name}=…"]
    return shlex.join([*words, "--wait"])


def _require_known(names: Iterable[str], types: Mapping[str, TypeView]) -> None:
    for name in names:
        if name not in types:
            nearest = difflib.get_close_matches(name, types, n=3, cutoff=0.5)
            hint = f"Did you mean {', '.join(nearest)}?" if nearest else ""
            complain(Complaint(f"There is no job type {name!r}.", hint, "haulage types list"))
            raise typer.Exit(1)


def _describe(declared: TypeView) -> None:
    console().print(f"[bold]{escape(declared.name)}[/]  [dim]{escape(declared.queue)} queue[/]")
    if declared.description:
        console().print(escape(declared.description))
    for title, schema in (("input", declared.input_schema), ("result", declared.result_schema)):
        console().print(f"\n[bold]{title}[/]")
        properties = schema.get("properties")
        console().print(_fields(schema) if properties else f"  {escape(_kind(schema))}")
    console().print("\n[bold]try it[/]")
    console().print(f"  {submit_command(declared)}", style="cyan", markup=False, soft_wrap=True)


def _fields(schema: Mapping[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    required = schema.get("required") or ()
    for name, field in schema["properties"].items():
        note = field.get("description") or ""
        if "default" in field and field["default"] is not None:
            note = f"{note} [dim](default {escape(json.dumps(field['default']))})[/]".strip()
        mark = "[red]*[/]" if name in required else " "
        table.add_row(f" {mark}[bold]{escape(name)}[/]", f"[dim]{escape(_kind(field))}[/]", note)
    return table


def _kind(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in field["enum"])
    if "anyOf" in field:
        kinds = [_kind(option) for option in field["anyOf"]]
        return " | ".join(kind for kind in kinds if kind != "null")
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    kind = str(field.get("type", "any"))
    if kind == "array":
        return f"list of {_kind(field.get('items') or {})}"
    return str(field.get("format") or kind)
