"""The demo's results, as far as a person wants to read them on a terminal."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from haulage.cli.output import duration, state
from haulage.client import JobView

SENTENCES = 8
LINKS = 5
# Characters of a line: what is piped has no screen to end it.
READABLE = 100
PEOPLE = 6


def excerpt(job: JobView, result: Any) -> RenderableType:
    """The result's most telling part, in a frame with the job's type and time."""
    draw = EXCERPTS.get(job.type)
    body = Group(*draw(result)) if draw and isinstance(result, Mapping) else Text(str(result))
    title = f"[bold]{escape(job.type)}[/] [dim]{duration(job.duration_s)}[/]"
    return Panel(
        body,
        title=title,
        title_align="left",
        border_style="green",
        padding=(0, 1),
        width=READABLE,
    )


def timings(jobs: list[JobView], total_s: float) -> RenderableType:
    """How each job ended and how long it took."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("job", "type", "state", "attempt", "waited", "ran"):
        table.add_column(name, no_wrap=True)
    for job in jobs:
        waited_s = None
        if job.started_at and job.created_at:
            waited_s = (job.started_at - job.created_at).total_seconds()
        table.add_row(
            str(job.id),
            escape(job.type),
            state(job.state),
            f"{job.attempt} of {job.max_attempts}",
            duration(waited_s),
            duration(job.duration_s),
        )
    return Group(table, Text.from_markup(f"[dim]all of them in[/] {duration(total_s)}"))


def print_excerpts(console: Console, outcomes: list[tuple[JobView, Any]]) -> None:
    """Print every success's excerpt."""
    for job, result in outcomes:
        if job.succeeded:
            console.print(excerpt(job, result))


def _novel(result: Mapping[str, Any]) -> Iterator[RenderableType]:
    sentences = result["sentences"]
    chunks = result["chunks"]
    pages = len({sentence["page"] for sentence in sentences})
    yield Text.from_markup(
        f"{len(sentences)} sentences from {pages} pages "
        f"[dim](language {result['language']}, method {result['method']}, "
        f"{chunks['processed']} of {chunks['total']} chunks)[/]"
    )
    table = Table.grid(padding=(0, 2))
    # From the start and from far into the book: both must make sense.
    middle = len(sentences) // 2
    for sentence in (
        *sentences[: SENTENCES // 2],
        None,
        *sentences[middle : middle + SENTENCES // 2],
    ):
        if sentence is None:
            table.add_row("", "[dim]…[/]")
        else:
            table.add_row(f"[dim]p. {sentence['page']}[/]", escape(sentence["text"]))
    yield table


def _summary(result: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield Text(result["summary"])
    if "source_words" in result:
        yield Text.from_markup(
            f"[dim]{result['words']} words out of {result['source_words']}, "
            f"language {result['language']}[/]"
        )


def _people(result: Mapping[str, Any]) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 2))
    for person in result["people"][:PEOPLE]:
        places = " ".join(f"{one['start']}–{one['end']}" for one in person["mentions"])
        table.add_row(
            escape(person["name"]), f"[dim]{escape(person['role'] or '')}[/]", f"[dim]{places}[/]"
        )
    yield table


def _page(result: Mapping[str, Any]) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 2))
    links = result["links"]
    more = [f"… and {len(links) - LINKS} more"] if len(links) > LINKS else []
    for name, value in (
        ("title", result["title"]),
        ("headings", " · ".join(result["h1s"])),
        ("canonical", result.get("canonical_url")),
        ("about", result.get("description")),
        ("links", "\n".join([*links[:LINKS], *more])),
    ):
        if value:
            table.add_row(f"[dim]{name}[/]", escape(value))
    yield table


def _newspaper(result: Mapping[str, Any]) -> Iterator[RenderableType]:
    pages = result["pages"]
    articles = [article for page in pages for article in page["articles"]]
    skipped = [page["reason"] for page in pages if page["status"] == "skipped"]
    yield Text.from_markup(
        f"{len(articles)} articles of {result['issue_date'] or 'no date'} "
        f"[dim]from {escape(result['filename'])}[/]"
        + (f" [yellow]skipped: {escape('; '.join(skipped))}[/]" if skipped else "")
    )
    table = Table.grid(padding=(0, 2))
    for article in articles:
        by = f" [dim]{escape(article['author'])}[/]" if article["author"] else ""
        table.add_row(f"[bold]{escape(article['title'])}[/]{by}", escape(article["subtitle"]))
    yield table


def _primes(result: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield Text(
        f"{result['primes']:,} primes below {result['numbers']:,}; "
        f"the largest is {result['largest'] or 0:,}"
    )


EXCERPTS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[RenderableType]]] = {
    "rewrite_novel": _novel,
    "extract_newspaper": _newspaper,
    "summarize_text": _summary,
    "identifying_data": _people,
    "web_scrape": _page,
    "crunch": _primes,
}
