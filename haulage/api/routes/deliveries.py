"""What a webhook was told: listed, sent again, and a test."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from haulage.api import cursors, deps
from haulage.api.bodies import read_model
from haulage.api.errors import Refusal
from haulage.api.guard import Router, needs
from haulage.api.openapi import json_body, problems
from haulage.api.routes.jobs import known_uuid
from haulage.api.routes.webhooks import deliveries_of, find
from haulage.api.webhook_models import (
    DeliveryDocument,
    DeliveryPage,
    ReplayBody,
    ReplayDocument,
)
from haulage.domain.errors import NotFound
from haulage.domain.scope import Scope
from haulage.domain.webhook import DeliveryState
from haulage.storage.delivery_reads import Delivery, DeliveryReads
from haulage.storage.webhook_store import Webhook

router = Router(prefix="/api/v1/webhooks", tags=["webhooks"])


class DeliveryQuery(BaseModel):
    """Which deliveries."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["pending", "delivered", "failed"] | None = None
    job: UUID | None = None
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = Field(default=None, max_length=400)


@router.get(
    "/{webhook_id}/deliveries",
    responses=problems(400, 404, 503),
    summary="List what a webhook was told",
)
@needs(Scope.READ)
async def listing(
    request: Request, webhook_id: str, query: Annotated[DeliveryQuery, Query()]
) -> DeliveryPage:
    """Newest first, with what is pending, for `HAULAGE_RETENTION_DELIVERIES_DAYS`."""
    webhook = await find(request, webhook_id)
    found = await _reads(request).page(
        webhook.id,
        limit=query.limit + 1,
        before=cursors.decode_delivery(query.cursor, of=webhook.id) if query.cursor else None,
        state=DeliveryState(query.state) if query.state else None,
        job_id=query.job,
    )
    shown, following = found[: query.limit], None
    if len(found) > query.limit:
        following = cursors.encode_delivery(shown[-1].at, shown[-1].id, of=webhook.id)
    return DeliveryPage(data=[_document(one) for one in shown], next=following)


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    responses=problems(404, 409, 503),
    summary="Send a test to a webhook",
)
@needs(Scope.OPERATE)
async def test(request: Request, webhook_id: str) -> DeliveryDocument:
    """A `webhook.test`, sent by the dispatcher as everything else is; look at the delivery."""
    webhook = await find(request, webhook_id)
    _require_enabled(webhook)
    by = deps.principal(request).subject
    delivery_id = await deliveries_of(request).add_test(webhook.id, by=by)
    return _document(await _find(request, webhook, str(delivery_id)))


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=202,
    responses=problems(404, 409, 503),
    summary="Send a delivery again",
)
@needs(Scope.OPERATE)
async def replay(request: Request, webhook_id: str, delivery_id: str) -> DeliveryDocument:
    """Under its old id. One that is pending stays as it is."""
    webhook = await find(request, webhook_id)
    _require_enabled(webhook)
    found = await _find(request, webhook, delivery_id)
    await deliveries_of(request).replay(webhook.id, ids=[found.id])
    return _document(await _find(request, webhook, delivery_id))


@router.post(
    "/{webhook_id}/replay",
    status_code=202,
    responses=problems(404, 409, 413, 415, 422, 503),
    openapi_extra=json_body("ReplayBody"),
    summary="Send deliveries again",
)
@needs(Scope.OPERATE)
async def replay_all(request: Request, webhook_id: str) -> ReplayDocument:
    """All that failed since a moment, after an outage; under their old ids."""
    webhook = await find(request, webhook_id)
    limit = deps.of(request).settings.api.max_body_bytes
    body = await read_model(request, ReplayBody, limit=limit)
    _require_enabled(webhook)
    since: datetime = body.since
    found = await deliveries_of(request).replay(
        webhook.id, state=DeliveryState(body.state), since=since
    )
    return ReplayDocument(replayed=len(found))


async def _find(request: Request, webhook: Webhook, delivery_id: str) -> Delivery:
    wanted = known_uuid(delivery_id)
    found = wanted and await _reads(request).get(webhook.id, wanted)
    if not found:
        raise NotFound(f"There is no delivery {delivery_id[:100]} of {webhook.name}.")
    return found


def _require_enabled(webhook: Webhook) -> None:
    if webhook.disabled_at is not None:
        raise Refusal(
            409,
            "webhook_disabled",
            "The webhook is disabled",
            f'{webhook.name} was disabled by {webhook.disabled_by}. PATCH it with {{"enabled": '
            "true} first.",
        )


def _reads(request: Request) -> DeliveryReads:
    return DeliveryReads(deps.of(request).services.database)


def _document(delivery: Delivery) -> DeliveryDocument:
    return DeliveryDocument.model_validate(
        {
            **asdict(delivery),
            "state": delivery.state.value,
            "due_at": delivery.due_at if delivery.state is DeliveryState.PENDING else None,
        }
    )
