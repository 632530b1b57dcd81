"""Requests about webhooks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from haulage.client.calls import API, Call, page, plain, read_list, said
from haulage.client.models import Page
from haulage.client.webhook_models import DeliveryView, WebhookView

WEBHOOKS = f"{API}/webhooks"


def webhooks() -> Call[list[WebhookView]]:
    """GET /webhooks."""
    return Call("GET", WEBHOOKS, read_list(WebhookView.from_json))


def create(body: Mapping[str, Any]) -> Call[WebhookView]:
    """POST /webhooks; what is None is left out. Twice is refused: names are unique."""
    return Call("POST", WEBHOOKS, WebhookView.from_json, body=said(body), repeatable=False)


def change(webhook_id: UUID | str, body: Mapping[str, Any]) -> Call[WebhookView]:
    """PATCH /webhooks/{id}."""
    return Call("PATCH", _webhook(webhook_id), WebhookView.from_json, body=said(body))


def delete(webhook_id: UUID | str) -> Call[None]:
    """DELETE /webhooks/{id}. Not sent again: the second answer would be 'there is none'."""
    return Call("DELETE", _webhook(webhook_id), lambda _: None, repeatable=False)


def rotate(webhook_id: UUID | str, overlap_s: int) -> Call[WebhookView]:
    """POST /webhooks/{id}/rotate: each makes a secret."""
    return Call(
        "POST",
        f"{_webhook(webhook_id)}/rotate",
        WebhookView.from_json,
        body={"overlap_s": overlap_s},
        repeatable=False,
    )


def test(webhook_id: UUID | str) -> Call[DeliveryView]:
    """POST /webhooks/{id}/test: each sends one."""
    return Call("POST", f"{_webhook(webhook_id)}/test", DeliveryView.from_json, repeatable=False)


def deliveries(
    webhook_id: UUID | str, filters: Mapping[str, Any], cursor: str | None
) -> Call[Page[DeliveryView]]:
    """GET /webhooks/{id}/deliveries."""
    return page(f"{_webhook(webhook_id)}/deliveries", DeliveryView.from_json, filters, cursor)


def replay_delivery(webhook_id: UUID | str, delivery_id: UUID | str) -> Call[DeliveryView]:
    """POST /webhooks/{id}/deliveries/{id}/replay."""
    path = f"{_webhook(webhook_id)}/deliveries/{quote(str(delivery_id), safe='')}/replay"
    return Call("POST", path, DeliveryView.from_json)


def replay(webhook_id: UUID | str, since: datetime, state: str) -> Call[int]:
    """POST /webhooks/{id}/replay."""
    return Call(
        "POST",
        f"{_webhook(webhook_id)}/replay",
        lambda body: int(body["replayed"]),
        body={"since": plain(since), "state": state},
    )


def _webhook(webhook_id: UUID | str) -> str:
    return f"{WEBHOOKS}/{quote(str(webhook_id), safe='')}"
