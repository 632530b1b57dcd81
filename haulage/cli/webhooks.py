"""`haulage webhooks`: endpoints outside that are told of jobs."""

import secrets
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from haulage.cli.consent import YesOption, confirm
from haulage.cli.output import (
    Complaint,
    Output,
    OutputOption,
    ago,
    complain,
    console,
    notes,
    print_json,
)
from haulage.cli.tables import Column, print_facts, print_list
from haulage.client import Client
from haulage.client.webhook_models import DeliveryView, WebhookView

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Endpoints outside that are told of jobs, signed as Standard Webhooks says.",
)
Hook = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its name or its id.")]
EventOption = Annotated[
    list[str] | None,
    typer.Option("--event", help="What it is told of; repeat it. The ends of jobs if not said."),
]
SHOWN = 50


class Jobs(StrEnum):
    """What `--jobs` takes."""

    ALL = "all"
    NAMED = "named"


class State(StrEnum):
    """What `--state` takes."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@app.command("list")
def list_webhooks(output: OutputOption = Output.TEXT) -> None:
    """List the webhooks and how they fare.

    [dim]Example[/dim]

    [cyan]haulage webhooks list[/cyan]
    """
    with Client() as client:
        found = client.webhooks()
    print_list(
        COLUMNS, found, output, none="No webhooks. See [b]haulage webhooks create --help[/b]."
    )


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="A name of yours, unique; a submit can name it.")],
    url: Annotated[str, typer.Argument(help="Where it is.")],
    event: EventOption = None,
    jobs: Annotated[Jobs, typer.Option(help="All, or those whose submit names it.")] = Jobs.ALL,
    output: OutputOption = Output.TEXT,
) -> None:
    """Have an endpoint told of jobs; shows the secret that signs, this once.

    [dim]Example[/dim]

    [cyan]haulage webhooks create orders https://app.example.org/hooks[/cyan]
    """
    with Client() as client:
        made = client.create_webhook(name, url, events=event or (), jobs=jobs.value)
    _show(made, output)


@app.command()
def enable(webhook: Hook, output: OutputOption = Output.TEXT) -> None:
    """Tell it of what happens from now on; its failures are forgotten.

    [dim]Example[/dim]

    [cyan]haulage webhooks enable orders[/cyan]
    """
    with Client() as client:
        _show(client.change_webhook(_find(client, webhook).id, enabled=True), output)


@app.command()
def disable(webhook: Hook, output: OutputOption = Output.TEXT) -> None:
    """Send it nothing more; what is pending is given up.

    [dim]Example[/dim]

    [cyan]haulage webhooks disable orders[/cyan]
    """
    with Client() as client:
        _show(client.change_webhook(_find(client, webhook).id, enabled=False), output)


@app.command()
def delete(webhook: Hook, yes: YesOption = False, output: OutputOption = Output.TEXT) -> None:
    """Delete it with its deliveries.

    [dim]Example[/dim]

    [cyan]haulage webhooks delete orders[/cyan]
    """
    with Client() as client:
        found = _find(client, webhook)
        confirm(f"Delete the webhook {found.name} ({found.url})?", yes=yes)
        client.delete_webhook(found.id)
    if output is Output.JSON:
        print_json(found.raw)
    else:
        console().print(f"[yellow]deleted[/]  {escape(found.name)}")


@app.command()
def rotate(
    webhook: Hook,
    overlap_s: Annotated[
        int, typer.Option(min=0, help="How long the old secret signs beside the new one.")
    ] = 86_400,
    output: OutputOption = Output.TEXT,
) -> None:
    """Make a new secret and show it, this once.

    [dim]Example[/dim]

    [cyan]haulage webhooks rotate orders[/cyan]
    """
    with Client() as client:
        _show(client.rotate_webhook(_find(client, webhook).id, overlap_s=overlap_s), output)


@app.command("test")
def send_test(webhook: Hook, output: OutputOption = Output.TEXT) -> None:
    """Send it a webhook.test.

    [dim]Example[/dim]

    [cyan]haulage webhooks test orders[/cyan]
    """
    with Client() as client:
        _announce(client.test_webhook(_find(client, webhook).id), output)


@app.command()
def deliveries(
    webhook: Hook,
    state: Annotated[State | None, typer.Option(help="Only these.")] = None,
    job: Annotated[UUID | None, typer.Option(help="Only of this job.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = SHOWN,
    output: OutputOption = Output.TEXT,
) -> None:
    """List what it was told, newest first.

    [dim]Example[/dim]

    [cyan]haulage webhooks deliveries orders --state failed[/cyan]
    """
    with Client() as client:
        found = client.deliveries(
            _find(client, webhook).id, state=state.value if state else None, job=job
        )
        shown = list(islice(found, limit))
    print_list(DELIVERIES, shown, output, none="No deliveries.")


@app.command()
def replay(
    webhook: Hook,
    delivery: Annotated[
        UUID | None, typer.Argument(metavar="DELIVERY_ID", help="One delivery.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="All that failed since then; local time.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Send one delivery again, or all that failed since a moment; under their old ids.

    [dim]Example[/dim]

    [cyan]haulage webhooks replay orders --since 2026-11-26T08:00:00[/cyan]
    """
    if (delivery is None) == (since is None):
        raise typer.BadParameter("give either a DELIVERY_ID or --since")
    with Client() as client:
        found = _find(client, webhook)
        if delivery is not None:
            _announce(client.replay_delivery(found.id, delivery), output)
            return
        assert since is not None
        count = client.replay_deliveries(found.id, since=since)
    if output is Output.JSON:
        print_json({"replayed": count})
    else:
        console().print(f"[green]sent again[/]  {count}")


@app.command("new-key")
def new_key() -> None:
    """Make a key for HAULAGE_WEBHOOKS_KEYS, which seals the secrets of webhooks.

    [dim]Example[/dim]

    [cyan]haulage webhooks new-key[/cyan]
    """
    typer.echo(secrets.token_urlsafe(32))


def _find(client: Client, wanted: str) -> WebhookView:
    """The webhook with this name or id; exits with 1 when there is none."""
    for webhook in client.webhooks():
        if wanted in (webhook.name, str(webhook.id)):
            return webhook
    complain(Complaint(f"There is no webhook {wanted!r}.", "", "haulage webhooks list"))
    raise typer.Exit(1)


def _announce(delivery: DeliveryView, output: Output) -> None:
    if output is Output.JSON:
        print_json(delivery.raw)
    else:
        console().print(f"{delivery.state}  {delivery.id}")


def _show(webhook: WebhookView, output: Output) -> None:
    if output is Output.JSON:
        print_json(webhook.raw)
        return
    print_facts(
        [
            ("webhook", f"[bold]{escape(webhook.name)}[/]"),
            ("id", str(webhook.id)),
            ("url", escape(webhook.url)),
            ("events", ", ".join(webhook.events)),
            ("jobs", webhook.jobs),
            ("state", _state(webhook)),
            ("secret", escape(webhook.secret or "")),
        ]
    )
    if webhook.secret:
        notes().print("The secret is shown this once.")


def _state(webhook: WebhookView) -> str:
    if not webhook.enabled:
        return f"[red]disabled[/] by {escape(webhook.disabled_by or '')} {ago(webhook.disabled_at)}"
    if webhook.failures:
        return f"[yellow]failing[/] since {ago(webhook.failing_since)}"
    return "[green]well[/]"


COLUMNS: tuple[Column[WebhookView], ...] = (
    Column("webhook", lambda one: escape(one.name), style="bold", folds=True),
    Column("url", lambda one: escape(one.url), folds=True),
    Column("events", lambda one: ", ".join(one.events), spare=1),
    Column("jobs", lambda one: one.jobs, spare=2),
    Column("state", _state),
)
DELIVERIES: tuple[Column[DeliveryView], ...] = (
    Column("delivery", lambda one: str(one.id)),
    Column("event", lambda one: one.event),
    Column("job", lambda one: str(one.job_id or ""), spare=1),
    Column("state", lambda one: one.state),
    Column("tried", lambda one: str(one.tried), spare=2, right=True),
    Column("answer", lambda one: escape(one.fault or str(one.status or ""))),
    Column("when", lambda one: ago(one.at), spare=3, right=True),
)
