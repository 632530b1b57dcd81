"""API keys: who may call, for those who say so."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.bodies import read_model
from haulage.api.guard import Router, needs
from haulage.api.key_models import KeyBody, KeyDocument, KeyPage, MadeKeyDocument, RotateBody
from haulage.api.openapi import json_body, problems
from haulage.api.routes.jobs import NoQuery, known_uuid
from haulage.domain.errors import Fault, InvalidInput, NotFound
from haulage.domain.scope import Scope

router = Router(prefix="/api/v1/keys", tags=["keys"])

MOST = 1_000


class KeyQuery(BaseModel):
    """Whose keys."""

    model_config = ConfigDict(extra="forbid")

    tenant: str | None = Field(default=None, max_length=100, description="All when left out.")


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={201: {"model": MadeKeyDocument}, **problems(413, 415, 422, 503)},
    openapi_extra=json_body("KeyBody"),
    summary="Make a key",
)
@needs(Scope.ADMIN)
async def make(request: Request) -> Response:
    """The answer is the only one that shows the key."""
    parts, who = deps.of(request), deps.principal(request)
    body = await read_model(request, KeyBody, limit=parts.settings.api.max_body_bytes)
    if body.expires_at is not None and body.expires_at <= parts.services.clock.now():
        raise InvalidInput("The body does not fit.", (Fault("/expires_at", "has passed"),))
    made = await parts.gate.keys.create(
        name=body.name,
        tenant=body.tenant or who.tenant,
        scopes=body.scopes,
        by=who.subject,
        expires_at=body.expires_at,
    )
    return _made(MadeKeyDocument.of(made.row, made.text))


@router.get("", responses=problems(503), summary="List keys")
@needs(Scope.ADMIN)
async def listing(request: Request, query: Annotated[KeyQuery, Query()]) -> KeyPage:
    """Of all tenants or of one, newest first, without the keys themselves."""
    rows = await deps.of(request).gate.keys.list(tenant=query.tenant, most=MOST)
    return KeyPage(data=[KeyDocument.model_validate(row) for row in rows])


@router.get("/{key_id}", responses=problems(404, 503), summary="Look at a key")
@needs(Scope.ADMIN)
async def show(request: Request, key_id: str, _query: Annotated[NoQuery, Query()]) -> KeyDocument:
    """Whose it is, what it may do, and when it was used last."""
    row = await deps.of(request).gate.keys.get(_known(key_id), tenant=None)
    return KeyDocument.model_validate(row)


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    response_class=Response,
    responses={201: {"model": MadeKeyDocument}, **problems(404, 413, 415, 422, 503)},
    openapi_extra=json_body("RotateBody"),
    summary="Replace a key",
)
@needs(Scope.ADMIN)
async def rotate(request: Request, key_id: str) -> Response:
    """A new key with the same rights; the old one counts for `overlap_s` seconds more."""
    parts, who = deps.of(request), deps.principal(request)
    body = await read_model(request, RotateBody, limit=parts.settings.api.max_body_bytes)
    overlap = timedelta(seconds=body.overlap_s)
    made = await parts.gate.keys.rotate(
        _known(key_id), tenant=None, by=who.subject, overlap=overlap
    )
    return _made(MadeKeyDocument.of(made.row, made.text))


@router.delete("/{key_id}", responses=problems(404, 503), summary="Revoke a key")
@needs(Scope.ADMIN)
async def revoke(request: Request, key_id: str) -> KeyDocument:
    """It lets nobody in any more, here at once and in other processes within seconds."""
    who = deps.principal(request)
    row = await deps.of(request).gate.keys.revoke(_known(key_id), tenant=None, by=who.subject)
    return KeyDocument.model_validate(row)


def _known(key_id: str) -> UUID:
    found = known_uuid(key_id)
    if found is None:
        raise NotFound(f"There is no key {key_id[:100]}.")
    return found


def _made(document: MadeKeyDocument) -> Response:
    return Response(
        document.model_dump_json(),
        status_code=201,
        headers={"Location": f"{router.prefix}/{document.id}", "Cache-Control": "no-store"},
        media_type="application/json",
    )
