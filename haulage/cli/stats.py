"""`haulage stats`: what happened over time, drawn in the terminal."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape

from haulage.cli import completion
from haulage.cli.charts import Values, drawn, gathered, top_of
from haulage.cli.inputs import read_past
from haulage.cli.output import Output, OutputOption, console, duration, notes, print_json
from haulage.cli.tables import Column, print_table
from haulage.client import Client, QueueNow, StatSum, StatsView, Times

HEIGHT = 4
WIDEST = 120
# What stands left of a chart: the number at its top, and a line.
MARGIN = 10
CAUSES = 5


class Step(StrEnum):
    """What `--step` takes."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    QUARTER = "15m"
    HOUR = "1h"
    SIX_HOURS = "6h"
    DAY = "1d"


def stats(
    since: Annotated[
        str | None,
        typer.Option(
            help="From when on: [b]6h[/b] (ago), [b]2d[/b], or [b]2026-01-31T18:00[/b]; "
            "an hour ago if not said.",
            metavar="TIME",
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="Until when; until now if not said.", metavar="TIME")
    ] = None,
    step: Annotated[
        Step | None, typer.Option(help="How long each point is; fitting if not said.")
    ] = None,
    type: Annotated[
        list[str] | None,
        typer.Option(
            help="Only jobs of this type. Repeatable.",
            metavar="NAME",
            autocompletion=completion.job_types,
        ),
    ] = None,
    queue: Annotated[
        list[str] | None,
        typer.Option(
            help="Only jobs of this queue. Repeatable.",
            metavar="NAME",
            autocompletion=completion.queue_names,
        ),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Draw throughput, waiting times, durations and failures over time, and say what waits now.

    [dim]Examples[/dim]

    [cyan]haulage stats[/cyan]

    [cyan]haulage stats --since 2d --queue cpu[/cyan]

    [cyan]haulage stats --since 6h --step 5m -o json | jq .total[/cyan]
    """
    with Client() as client:
        found = client.stats(
            since=read_past(since, "--since") if since else None,
            to=read_past(to, "--to") if to else None,
            step=step.value if step else None,
            type=type or (),
            queue=queue or (),
        )
    if output is Output.JSON:
        print_json(found.raw)
        return
    _draw(found)
    console().print()
    if not print_table(COLUMNS, found.queues):
        notes().print("[dim]Nothing waits and nothing runs.[/]")


def _draw(found: StatsView) -> None:
    total, points = found.total, found.points
    span = duration((found.to - found.since).total_seconds())
    console().print(
        f"[bold]{total.submitted:,}[/] submitted  [green]{total.succeeded:,}[/] succeeded  "
        f"[red]{total.failed:,}[/] failed  [yellow]{total.cancelled:,}[/] cancelled  "
        f"[dim]in {span}, by {duration(found.step_s)}[/]\n"
    )
    _chart("ended", "green", [point.ended for point in points], sum, _count)
    for name, title in (("latency", "waited for their start"), ("duration", "took from start on")):
        slow = [_p95(getattr(point, name)) for point in points]
        _chart(f"{title}, p95", "cyan", slow, max, duration, _times(getattr(total, name)))
    _chart("failed", "red", [point.failed for point in points], sum, _count, _causes(total))
    _axis(found)


def _chart(
    title: str,
    colour: str,
    values: Values,
    together: Callable[[Sequence[float]], float],
    written: Callable[[float], str],
    remark: str = "",
) -> None:
    columns = gathered(values, _width(), together)
    top = top_of(columns)
    console().print(f"[{colour}]{title}[/]  [dim]{remark}[/]", soft_wrap=True)
    for number, row in enumerate(drawn(columns, height=HEIGHT, top=top)):
        label = written(top) if number == 0 else ""
        console().print(f"[dim]{label:>{MARGIN - 2}} │[/][{colour}]{row}[/]", no_wrap=True)


def _axis(found: StatsView) -> None:
    # Begin and end, on this machine's clock.
    begin, end = found.since.astimezone(), found.to.astimezone()
    form = "%H:%M" if begin.date() == end.date() else "%b %d %H:%M"
    columns = len(gathered([0] * len(found.points), _width(), sum))
    left, right = f"{begin:{form}}", f"{end:{form}}"
    gap = max(columns - len(left) - len(right), 1)
    console().print(f"[dim]{'':{MARGIN}}{left}{'':{gap}}{right}[/]", no_wrap=True)


def _width() -> int:
    return max(min(console().width, WIDEST) - MARGIN - 1, 10)


def _count(number: float) -> str:
    return f"{number:,.0f}" if number >= 1 else f"{number:g}"


def _p95(times: Times | None) -> float | None:
    return times.p95_s if times else None


def _times(times: Times | None) -> str:
    if times is None:
        return "none"
    return ", ".join(
        f"p{share} {duration(value)}"
        for share, value in ((50, times.p50_s), (95, times.p95_s), (99, times.p99_s))
    )


def _causes(total: StatSum) -> str:
    often = sorted(total.failures.items(), key=lambda one: -one[1])[:CAUSES]
    return escape(", ".join(f"{code} {count:,}" for code, count in often))


COLUMNS: tuple[Column[QueueNow], ...] = (
    Column("queue now", lambda one: escape(one.queue), style="bold"),
    Column("waiting", lambda one: str(one.waiting), right=True),
    Column("running", lambda one: str(one.running), right=True),
    Column("scheduled", lambda one: str(one.scheduled or ""), right=True),
    Column("children", lambda one: str(one.waiting_for_children or ""), spare=1, right=True),
    Column("oldest waits", lambda one: duration(one.oldest_waiting_s), right=True),
)
