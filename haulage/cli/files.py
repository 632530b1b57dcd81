"""`haulage files`: documents by themselves. A submit with `--file` uploads what it needs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli.output import Output, OutputOption, console, notes, print_json, size
from haulage.client import Client, FileView

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Files: what jobs read and make.",
)

FileId = Annotated[str, typer.Argument(metavar="ID", help="The file's id.")]


@app.command()
def upload(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Upload files and print their ids, for inputs that name them.

    A submit does it by itself: [b]haulage submit TYPE --file PATH[/b]. The same content uploaded
    again is stored once. A file that no job names goes after a while.

    [dim]Examples[/dim]

    [cyan]haulage files upload novel.pdf[/cyan]

    [cyan]haulage files upload page1.png page2.png -o json[/cyan]
    """
    for path in paths:
        if not path.is_file():
            raise typer.BadParameter(f"there is no file {path}", param_hint="PATH")
    with Client() as client:
        for path in paths:
            if output is Output.TEXT:
                notes().print(f"[dim]uploading {escape(path.name)} …[/]", soft_wrap=True)
            _print(client.upload(path), output)


@app.command()
def show(file_id: FileId, output: OutputOption = Output.TEXT) -> None:
    """Show what is known of a file: its name, kind, size and pages, and what is wrong with it.

    [dim]Example[/dim]

    [cyan]haulage files show 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]
    """
    with Client() as client:
        _print(client.file(file_id), output)


@app.command()
def download(
    file_id: FileId,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Where to; the file's own name in this folder if not said."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there already.")
    ] = False,
) -> None:
    """Write a file's content to a path, and print the path. It is there whole or not at all.

    [dim]Examples[/dim]

    [cyan]haulage files download 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55[/cyan]

    [cyan]haulage files download 0198c5f0-6c1e-7d3a-8f00-3f1d2b7a9c55 --to novel.txt[/cyan]
    """
    with Client() as client:
        # A name is somebody else's text: nothing of it may lead out of this folder.
        path = to or Path(Path(client.file(file_id).name).name or file_id)
        if path.is_dir():
            raise typer.BadParameter(f"{path} is a folder; name a file", param_hint="--to")
        if path.exists() and not force:
            raise typer.BadParameter(
                f"{path} is there already; say --force, or another place", param_hint="--to"
            )
        typer.echo(client.download(file_id, path))


def _print(file: FileView, output: Output) -> None:
    if output is Output.JSON:
        print_json({**asdict(file), "id": str(file.id)})
        return
    facts = [file.media_type, size(file.size)]
    if file.pages is not None:
        facts.append(f"{file.pages:,} page{'s' if file.pages != 1 else ''}")
    if file.fault:
        facts.append(file.fault.get("message", "can't be opened"))
    console().print(str(file.id), soft_wrap=True)
    notes().print(f"[dim]{escape(file.name)}: {escape(', '.join(facts))}[/]", soft_wrap=True)
