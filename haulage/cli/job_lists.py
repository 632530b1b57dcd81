"""Jobs in a table, and how far each of them is."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli.output import Output, ago, duration, notes, print_json, state
from haulage.cli.tables import Column, print_table
from haulage.client import JobView

PAGE = 100
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")]
AllOption = Annotated[bool, typer.Option("--all", help="All of them, however many.")]


def page_size_for(limit: int | None) -> int:
    """How many to ask for at once: one more than are shown tells whether there are more."""
    return PAGE if limit is None else min(limit + 1, PAGE)


def print_jobs(
    found: Iterator[JobView],
    columns: Sequence[Column[JobView]],
    *,
    limit: int | None,
    output: Output,
    none: str,
) -> None:
    """A list of jobs, `none` in its place when it is empty, and whether there are more."""
    if output is Output.JSON:
        for job in islice(found, limit):
            print_json(job.raw)
        return
    shown = print_table(columns, islice(found, limit))
    if not shown:
        notes().print(none)
    elif limit is not None and next(found, None) is not None:
        notes().print(f"[dim]There are more: --limit {limit * 5} or --all.[/]")


def progress(job: JobView) -> str:
    """Percent, counts and failures, as markup; empty when there is nothing to say."""
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


def _error(job: JobView) -> str:
    return f"{escape(job.error.code)}: {escape(job.error.message)}" if job.error else ""


JOB_COLUMNS: tuple[Column[JobView], ...] = (
    Column("id", lambda job: str(job.id)),
    Column("type", lambda job: escape(job.type), folds=True),
    Column("state", lambda job: state(job.state)),
    Column("progress", progress, spare=2),
    Column("queue", lambda job: escape(job.queue), spare=4),
    Column("tags", lambda job: escape(" ".join(job.tags)), spare=5, folds=True),
    Column("created", lambda job: ago(job.created_at), spare=1, right=True),
    Column("took", lambda job: duration(job.duration_s), spare=3, right=True),
)
DEAD_LETTER_COLUMNS: tuple[Column[JobView], ...] = (
    Column("id", lambda job: str(job.id)),
    Column("type", lambda job: escape(job.type), folds=True),
    Column("finished", lambda job: ago(job.finished_at), spare=1, right=True),
    Column("queue", lambda job: escape(job.queue), spare=2),
    Column("tags", lambda job: escape(" ".join(job.tags)), spare=3, folds=True),
    Column("attempts", lambda job: str(job.attempt), spare=4, right=True),
    Column("error", _error, folds=True),
)
