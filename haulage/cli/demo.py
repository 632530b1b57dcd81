"""`haulage demo`: the whole system at work on real jobs, on this machine, nothing to set up."""

import asyncio
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.markup import escape
from rich.table import Table

from haulage.cli.demo_material import (
    essay,
    examples_folder,
    local_report,
    make_novel,
    make_scan,
    served,
)
from haulage.cli.demo_results import print_excerpts, timings
from haulage.cli.output import (
    Complaint,
    Output,
    OutputOption,
    complain,
    console,
    duration,
    print_json,
)
from haulage.cli.progress import JobBars
from haulage.client import AsyncClient, JobView
from haulage.domain.errors import HaulageError

if TYPE_CHECKING:
    from haulage.runtime.datafolder import Ready
    from haulage.runtime.stack import Stack
    from haulage.runtime.supervisor import Event

T = TypeVar("T")
PAGES = 60
SCAN_DPI = 150
INTERRUPTED = 130
ENVIRONMENT = {
    # The scraper refuses private addresses; the demo's own site is on one.
    "HAULAGE_HANDLER_WEB_ALLOW_PRIVATE": "true",
    # A key that happens to be in the environment is not the demo's to spend.
    "HAULAGE_PROVIDERS_BALANCED": "local",
}


def demo(
    data: Annotated[
        Path | None,
        typer.Option(help="Keep everything in this folder; else in one that goes with the demo."),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """See Haulage work: start everything, run real jobs, show their progress and results.

    A 60-page novel is cut into short sentences, a scanned newspaper's page read, a long text
    summarised, the people of a report found, a page scraped, and a core kept busy for five seconds.
    No model is asked. On a terminal everything stays up for you to try until Ctrl-C; without one it
    stops and exits with 0, or 1 if a job failed.

    [dim]Examples[/dim]

    [cyan]haulage demo[/cyan]

    [cyan]haulage demo --data /tmp/haulage-demo[/cyan]

    [cyan]haulage demo -o json | jq -c[/cyan]
    """
    # Only here: the light base install has no runtime to start.
    from haulage.runtime.environment import environment
    from haulage.runtime.fault import StartInterrupted
    from haulage.runtime.signals import on_stop_signals
    from haulage.runtime.stack import Stack, StackOptions

    stays = output is Output.TEXT and sys.stdout.isatty()
    examples = examples_folder()
    stop = _Stop()
    # The signals outermost: a stop that comes while we tidy up must not leave half of it behind.
    with (
        on_stop_signals(stop),
        _folder(data) as folder,
        served(examples / "site") as site,
    ):
        given = environment()
        options = StackOptions(
            data=folder,
            database_url=given.get("HAULAGE_DATABASE_URL") or None,
            redis_url=given.get("HAULAGE_REDIS_URL") or None,
            # What goes with the demo need not survive a power cut.
            durable=data is not None,
            environment=ENVIRONMENT,
        )
        stack = Stack(options, on_event=_teller(output))
        try:
            stop.then(stack.request_stop)
            ready = _start(stack, output)
            outcomes = stop.ends(_run_jobs(ready, f"{site}/index.html", examples, output))
            if outcomes is not None and stays:
                _invite(ready)
                stack.wait()
                console().print("[dim]Stopping …[/]")
        except StartInterrupted:
            outcomes = None
        finally:
            stack.stop()
    if outcomes is None:
        raise typer.Exit(INTERRUPTED)
    if _complain_about([job for job, _ in outcomes if not job.succeeded]):
        raise typer.Exit(1)


class _Stop:
    """What a stop signal does: ends the coroutine that runs, then the stack."""

    def __init__(self) -> None:
        self._also: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._asked = False
        self._cancel: Callable[[], object] | None = None

    def __call__(self) -> None:
        with self._lock:
            self._asked = True
            if self._cancel is not None:
                self._cancel()
        self._also()

    def then(self, also: Callable[[], None]) -> None:
        """Call `also` on the signal; at once when it has come already."""
        with self._lock:
            self._also = also
            asked = self._asked
        if asked:
            also()

    def ends(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Run `work` on a loop of its own; None when the signal came before its end."""

        async def guarded() -> T:
            task = asyncio.ensure_future(work)
            loop = asyncio.get_running_loop()
            with self._lock:
                self._cancel = partial(loop.call_soon_threadsafe, task.cancel)
                if self._asked:
                    task.cancel()
            try:
                return await task
            finally:
                # The loop closes after this; a later signal must not call it.
                with self._lock:
                    self._cancel = None

        try:
            return asyncio.run(guarded())
        except asyncio.CancelledError:
            return None


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    folder = Path(tempfile.mkdtemp(prefix="haulage-demo-"))
    try:
        yield folder / "data"
    except HaulageError:
        # The logs in there say why.
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _teller(output: Output) -> "Callable[[Event], None]":
    from haulage.runtime.supervisor import Answering, Died  # see `demo`

    began = time.monotonic()

    def tell(event: "Event") -> None:
        match event:
            case Answering(name=name):
                at = duration(time.monotonic() - began)
                console().print(f"  [green]✔[/] {escape(name)} [dim]after {at}[/]")
            case Died(name=name, fault=fault):
                why = escape(fault.what)
                console().print(f"  [yellow]↻[/] {escape(name)} [dim]started again: {why}[/]")

    return tell if output is Output.TEXT else lambda _: None


def _start(stack: "Stack", output: Output) -> "Ready":
    began = time.monotonic()
    if output is Output.TEXT:
        console().print("[bold]Starting PostgreSQL, Redis, the API, workers and the dispatcher[/]")
    ready = stack.start()
    if output is Output.JSON:
        typer.echo(ready.as_json())
    else:
        took = duration(time.monotonic() - began)
        console().print(f"[bold green]Haulage is up[/] after {took} at {ready.url}\n")
    return ready


async def _run_jobs(
    ready: "Ready", page_url: str, examples: Path, output: Output
) -> list[tuple[JobView, Any]]:
    began = time.monotonic()
    async with AsyncClient(ready.url) as client:
        jobs = await _submit(client, page_url, examples, output)
        with JobBars(console()) if output is Output.TEXT else nullcontext() as bars:
            outcomes = await asyncio.gather(*(_follow(client, job, bars) for job in jobs))
    if output is Output.JSON:
        for job, result in outcomes:
            print_json({"event": "job", **job.raw, "result": result})
    else:
        console().print()
        print_excerpts(console(), outcomes)
        console().print(timings([job for job, _ in outcomes], time.monotonic() - began))
    return outcomes


async def _submit(
    client: AsyncClient, page_url: str, examples: Path, output: Output
) -> list[JobView]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        novel = folder / "novel.pdf"
        novel.write_bytes(make_novel(examples, PAGES))
        scan = folder / "giornale_1950-05-12_p1.jpg"
        scan.write_bytes(make_scan(examples, SCAN_DPI))
        file, page = await client.upload(novel), await client.upload(scan)
    if output is Output.TEXT:
        console().print(
            f"Uploaded a French novel of {PAGES} pages [dim]({file.size // 1024} kB PDF)[/] "
            f"and the scan of an Italian newspaper's page [dim]({page.size // 1024} kB JPEG)[/]\n"
        )
    work: list[tuple[str, dict[str, Any]]] = [
        ("rewrite_novel", {"file": str(file.id), "sentence_length_limit": 12}),
        ("extract_newspaper", {"files": [str(page.id)]}),
        ("summarize_text", {"text": essay(examples)}),
        ("identifying_data", {"text": local_report(examples)}),
        ("web_scrape", {"url": page_url}),
        ("crunch", {"seconds": 5}),
    ]
    return [await client.submit(name, given, tags=["demo"]) for name, given in work]


async def _follow(client: AsyncClient, job: JobView, bars: JobBars | None) -> tuple[JobView, Any]:
    if bars is not None:
        bars.add(job.id, job.type)
        async for event in client.stream(job.id):
            bars.take(job.id, event)
    finished = await client.wait(job.id)
    if finished.succeeded and finished.result is None:
        return finished, await client.result(job.id)
    return finished, finished.result


def _complain_about(failed: list[JobView]) -> bool:
    for job in failed:
        why = f"{job.error.code}: {job.error.message}" if job.error else job.reason or ""
        complain(Complaint(f"{job.type} {job.state} ({job.id}).", why))
    return bool(failed)


def _invite(ready: "Ready") -> None:
    grid = Table.grid(padding=(0, 2))
    for name, value in (
        ("Console", ready.url),
        ("API", f"{ready.url}/api/v1"),
        ("Docs", f"{ready.url}/docs"),
        ("Health", f"{ready.url}/health"),
        ("Logs", f"{ready.data}/logs"),
    ):
        grid.add_row(f"[dim]{name}[/]", value)
    console().print("\n[bold]Everything is still up. Try from another terminal:[/]\n")
    console().print(f"  [cyan]export HAULAGE_URL={ready.url}[/]")
    for command in (
        "haulage jobs list",
        "haulage types show web_scrape",
        "haulage submit crunch --field seconds=20 --wait",
    ):
        console().print(f"  [cyan]{command}[/]")
    console().print()
    console().print(grid)
    console().print("\n[dim]Ctrl-C stops everything.[/]")
