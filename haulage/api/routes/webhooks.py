"""Webhooks: endpoints outside that are told of jobs, and their secrets."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import httpx
from fastapi import Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.bodies import read_model
from haulage.api.errors import Refusal
from haulage.api.guard import Router, needs
from haulage.api.openapi import json_body, problems
from haulage.api.routes.jobs import NoQuery, known_uuid
from haulage.api.webhook_models import (
    MadeWebhookDocument,
    RotateSecretBody,
    WebhookBody,
    WebhookChange,
    WebhookDocument,
    WebhookPage,
)
from haulage.connectors.signature import new_secret
from haulage.connectors.vault import NoVault
from haulage.domain.errors import Fault, InvalidInput, NotFound, NotRetryable
from haulage.domain.ids import uuid7
from haulage.domain.scope import Scope
from haulage.domain.webhook import Telling, WebhookEvent
from haulage.storage.delivery_store import DeliveryStore
from haulage.storage.webhook_store import SealedSecret, Webhook, WebhookStore
from haulage.web.poster import check_target

router = Router(prefix="/api/v1/webhooks", tags=["webhooks"])

# Secrets that sign at once: more than these and a rotation has gone astray.
MOST_SECRETS = 3
_MAKES = problems(409, 413, 415, 422, 503)


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={201: {"model": MadeWebhookDocument}, **_MAKES},
    openapi_extra=json_body("WebhookBody"),
    summary="Make a webhook",
)
@needs(Scope.OPERATE)
async def make(request: Request) -> Response:
    """The answer is the only one that shows the secret which signs."""
    parts, who = deps.of(request), deps.principal(request)
    body = await _read(request, WebhookBody)
    _check_url(request, body.url)
    secret, sealed = _fresh(request)
    webhook = Webhook(
        id=uuid7(),
        tenant=who.tenant,
        name=body.name,
        url=body.url,
        events=_events(body.events),
        jobs=Telling(body.jobs),
        secrets=(sealed,),
        created_at=parts.services.clock.now(),
        created_by=who.subject,
    )
    if not await store_of(request).add(webhook):
        raise Refusal(
            409,
            "webhook_exists",
            "The name is taken",
            f"There is a webhook {body.name!r} already. Delete it first, or take another name.",
        )
    return _made(request, webhook, secret)


@router.get("", responses=problems(400, 503), summary="List webhooks")
@needs(Scope.READ)
async def listing(request: Request, _query: Annotated[NoQuery, Query()]) -> WebhookPage:
    """All of them, by name, without their secrets."""
    found = await store_of(request).of_tenant(deps.principal(request).tenant)
    return WebhookPage(data=[document_of(request, one) for one in found])


@router.get("/{webhook_id}", responses=problems(400, 404, 503), summary="Look at a webhook")
@needs(Scope.READ)
async def show(
    request: Request, webhook_id: str, _query: Annotated[NoQuery, Query()]
) -> WebhookDocument:
    """Where it is, what it is told of, and how it has fared."""
    return document_of(request, await find(request, webhook_id))


@router.patch(
    "/{webhook_id}",
    responses=problems(404, 413, 415, 422, 503),
    openapi_extra=json_body("WebhookChange"),
    summary="Change a webhook",
)
@needs(Scope.OPERATE)
async def change(request: Request, webhook_id: str) -> WebhookDocument:
    """What is sent from now on goes by it. Enabling it forgets its failures."""
    found = await find(request, webhook_id)
    body = await _read(request, WebhookChange)
    who, now = deps.principal(request), deps.of(request).services.clock.now()
    values: dict[str, Any] = {}
    if body.url is not None:
        _check_url(request, body.url)
        values["url"] = body.url
    if body.events is not None:
        values["events"] = [event.value for event in _events(body.events)]
    if body.jobs is not None:
        values["jobs"] = body.jobs
    if body.enabled is False and found.disabled_at is None:
        values |= {"disabled_at": now, "disabled_by": who.subject}
    if values:
        await store_of(request).change(found.id, tenant=found.tenant, **values)
    if body.enabled is False:
        await deliveries_of(request).give_up(found.id)
    elif body.enabled:
        await store_of(request).enable(found.id, tenant=found.tenant)
    return document_of(request, await find(request, webhook_id))


@router.delete(
    "/{webhook_id}", status_code=204, responses=problems(404, 503), summary="Delete a webhook"
)
@needs(Scope.OPERATE)
async def remove(request: Request, webhook_id: str) -> Response:
    """Its deliveries go with it."""
    found = await find(request, webhook_id)
    await store_of(request).remove(found.id, tenant=found.tenant)
    return Response(status_code=204)


@router.post(
    "/{webhook_id}/rotate",
    status_code=201,
    response_class=Response,
    responses={201: {"model": MadeWebhookDocument}, **problems(404, 413, 415, 422, 503)},
    openapi_extra=json_body("RotateSecretBody"),
    summary="Replace a secret",
)
@needs(Scope.OPERATE)
async def rotate(request: Request, webhook_id: str) -> Response:
    """The old one signs beside the new one for `overlap_s` seconds; the new one is shown once."""
    found = await find(request, webhook_id)
    body = await _read(request, RotateSecretBody)
    secret, sealed = _fresh(request)
    now = deps.of(request).services.clock.now()
    until = now + timedelta(seconds=body.overlap_s)

    def replaced(held: Any) -> list[SealedSecret]:
        older = [
            SealedSecret(one.sealed, min(one.until or until, until))
            for one in held
            if (one.until or until) > now
        ]
        return [sealed, *older[: MOST_SECRETS - 1]]

    await store_of(request).replace_secrets(found.id, replaced, tenant=found.tenant)
    return _made(request, await find(request, webhook_id), secret)


async def find(request: Request, webhook_id: str) -> Webhook:
    """The caller's webhook; raises `NotFound`."""
    wanted = known_uuid(webhook_id)
    tenant = deps.principal(request).tenant
    found = wanted and await store_of(request).get(wanted, tenant=tenant)
    if not found:
        raise NotFound(f"There is no webhook {webhook_id[:100]}.")
    return found


def store_of(request: Request) -> WebhookStore:
    """Where endpoints are kept."""
    services = deps.of(request).services
    return WebhookStore(services.database, services.clock)


def deliveries_of(request: Request) -> DeliveryStore:
    """And what they are told."""
    services = deps.of(request).services
    return DeliveryStore(services.database, services.clock)


def document_of(request: Request, webhook: Webhook) -> WebhookDocument:
    """As the API shows it."""
    return WebhookDocument.model_validate(_shown(request, webhook))


def _shown(request: Request, webhook: Webhook) -> dict[str, Any]:
    now: datetime = deps.of(request).services.clock.now()
    return {
        **asdict(webhook),
        "events": [event.value for event in webhook.events],
        "jobs": webhook.jobs.value,
        "enabled": webhook.disabled_at is None,
        "secrets": sum(one.until is None or one.until > now for one in webhook.secrets),
    }


def _made(request: Request, webhook: Webhook, secret: str) -> Response:
    document = MadeWebhookDocument.model_validate({**_shown(request, webhook), "secret": secret})
    return Response(
        document.model_dump_json(),
        status_code=201,
        headers={"Location": f"{router.prefix}/{webhook.id}", "Cache-Control": "no-store"},
        media_type="application/json",
    )


async def _read(request: Request, model: type[BaseModel]) -> Any:
    return await read_model(request, model, limit=deps.of(request).settings.api.max_body_bytes)


def _events(names: list[Any]) -> tuple[WebhookEvent, ...]:
    """Without repetitions, in one order."""
    return tuple(event for event in WebhookEvent if event in names)


def _fresh(request: Request) -> tuple[str, SealedSecret]:
    secret = new_secret()
    try:
        return secret, SealedSecret(deps.of(request).vault.seal(secret))
    except NoVault as error:
        raise Refusal(
            503,
            error.code,
            "Webhooks are not set up",
            "Their secrets are sealed with a key, and this API has none. Set HAULAGE_WEBHOOKS_KEYS "
            "for the API and the dispatchers; `haulage webhooks new-key` makes one.",
        ) from error


def _check_url(request: Request, url: str) -> None:
    """Refuse at once what would be refused at each try; names are looked up then."""
    try:
        check_target(url, allow_private=deps.of(request).settings.webhooks.allow_private)
    except (NotRetryable, httpx.InvalidURL) as error:
        raise InvalidInput("The URL does not fit.", (Fault("/url", str(error)),)) from error
