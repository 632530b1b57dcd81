"""Credits: balances, entries, grants, and what a job would cost."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from haulage.api import cursors, deps
from haulage.api.bodies import read_model
from haulage.api.credit_models import (
    AuditDocument,
    BalanceDocument,
    EntryDocument,
    EntryPage,
    EntryQuery,
    FindingDocument,
    GrantBody,
    GrantDocument,
    QuoteDocument,
)
from haulage.api.guard import Router, needs
from haulage.api.models import Submit
from haulage.api.openapi import json_body, problems
from haulage.api.routes.jobs import NoQuery
from haulage.api.routes.submits import check_times, origin
from haulage.domain.errors import Fault, InvalidInput
from haulage.domain.scope import Scope
from haulage.storage.credit_audit import CreditAudit

router = Router(prefix="/api/v1/credits", tags=["credits"])


@router.get("", responses=problems(503), summary="Your balance")
@needs(Scope.READ)
async def balance(request: Request, _query: Annotated[NoQuery, Query()]) -> BalanceDocument:
    """What your tenant may spend, what is reserved for runs that are not over, what is spent."""
    services, tenant = deps.of(request).services, deps.principal(request).tenant
    return BalanceDocument.of(await services.credits.balance(tenant))


@router.get("/entries", responses=problems(400, 503), summary="List entries")
@needs(Scope.READ)
async def entries(request: Request, query: Annotated[EntryQuery, Query()]) -> EntryPage:
    """Every move of your tenant's credits, newest first."""
    services, tenant = deps.of(request).services, deps.principal(request).tenant
    of = (tenant, sorted(query.kind), str(query.job))
    before = cursors.decode_number(query.cursor, of=of) if query.cursor else None
    found = await services.credits.entries(
        tenant, limit=query.limit + 1, before=before, kinds=query.kind, job_id=query.job
    )
    shown, following = found[: query.limit], None
    if len(found) > query.limit:
        following = cursors.encode_number(shown[-1].id, of=of)
    return EntryPage(data=[EntryDocument.model_validate(one) for one in shown], next=following)


@router.post(
    "/grants",
    status_code=201,
    responses=problems(400, 413, 415, 422, 503),
    openapi_extra=json_body("GrantBody"),
    summary="Give credits",
)
@needs(Scope.ADMIN)
async def grant(request: Request) -> GrantDocument:
    """From its first grant on a tenant is charged. Sent again under its `reference` it counts once
    and is answered as the first time."""
    parts, who = deps.of(request), deps.principal(request)
    body = await read_model(request, GrantBody, limit=parts.settings.api.max_body_bytes)
    if body.expires_at is not None and body.expires_at <= parts.services.clock.now():
        raise InvalidInput("The body does not fit.", (Fault("/expires_at", "has passed"),))
    made = await parts.services.till.grant(
        body.tenant or who.tenant,
        body.amount,
        by=who.subject,
        expires_at=body.expires_at,
        note=body.note,
        reference=body.reference,
    )
    return GrantDocument.model_validate(made)


@router.post(
    "/quote",
    responses=problems(404, 413, 415, 422, 503),
    openapi_extra=json_body("Submit"),
    summary="What a job would cost",
)
@needs(Scope.SUBMIT)
async def quote(request: Request) -> QuoteDocument:
    """The body of a submit; nothing is stored or reserved. A run never costs more than this."""
    parts, who = deps.of(request), deps.principal(request)
    body = await read_model(request, Submit, limit=parts.settings.api.max_body_bytes)
    check_times(body, parts.services.clock.now())
    new = parts.intake.check(body.submission(), origin(request))
    price = await parts.intake.quote(new)
    found = await parts.services.credits.balance(who.tenant)
    available = found.available if found else 0
    lacking = max(0, price - available) if found else 0
    return QuoteDocument(
        type=new.type,
        credits=price,
        charged=found is not None,
        available=available,
        suffices=lacking == 0,
        lacking=lacking,
    )


@router.get("/audit", responses=problems(503), summary="Whether the books agree")
@needs(Scope.ADMIN)
async def audit(request: Request, _query: Annotated[NoQuery, Query()]) -> AuditDocument:
    """Of all tenants: reservations without jobs, runs without settlements, sums that differ. It
    reads every entry, and mends nothing."""
    found = await CreditAudit(deps.of(request).services.database).findings()
    return AuditDocument(data=[FindingDocument.model_validate(one) for one in found])
