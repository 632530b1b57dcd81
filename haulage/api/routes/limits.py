"""Limits: how pools are set and how they stand; set and given back to the file at run time."""

from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.bodies import read_model
from haulage.api.faults import nearest
from haulage.api.guard import Router, needs
from haulage.api.limit_models import BreakerDocument, LimitUsage, PoolDocument, PoolPage
from haulage.api.openapi import json_body, problems
from haulage.api.routes.jobs import NoQuery
from haulage.domain.errors import Fault, InvalidInput, NotFound
from haulage.domain.scope import Scope
from haulage.limits.book import Entry
from haulage.limits.config import PoolBody
from haulage.limits.errors import RedisAway
from haulage.limits.installation import Limits
from haulage.limits.view import LimitView

router = Router(prefix="/api/v1/limits", tags=["limits"])

MAX_NAME = 100


@router.get("", responses=problems(400, 503), summary="List limits")
@needs(Scope.READ)
async def listing(request: Request, _query: Annotated[NoQuery, Query()]) -> PoolPage:
    """Every pool that is set, with its usage now."""
    limits = await _current(request)
    return PoolPage(data=[await _document(limits, one) for one in limits.book.entries()])


@router.get("/{name}", responses=problems(400, 404, 503), summary="Look at a pool's limits")
@needs(Scope.READ)
async def show(request: Request, name: str, _query: Annotated[NoQuery, Query()]) -> PoolDocument:
    """As it is set, and as it stands now."""
    limits = await _current(request)
    return await _document(limits, _entry(limits, name))


@router.put(
    "/{name}",
    responses=problems(400, 413, 415, 422, 503),
    openapi_extra=json_body("PoolBody"),
    summary="Set a pool's limits",
)
@needs(Scope.ADMIN)
async def put(request: Request, name: str) -> PoolDocument:
    """In force in all processes within a second. It replaces what the file says of this pool."""
    parts, who = deps.of(request), deps.principal(request)
    if len(name) > MAX_NAME or "\x00" in name or "{" in name or "}" in name:
        fault = Fault("", f"a pool's name has at most {MAX_NAME} characters and no braces")
        raise InvalidInput("The name does not fit.", (fault,))
    body = await read_model(request, PoolBody, limit=parts.settings.api.max_body_bytes)
    document: dict[str, Any] = body.model_dump(mode="json", exclude_defaults=True)
    await parts.limits.store.set(name, document, by=who.subject)
    limits = await _current(request)
    return await _document(limits, _entry(limits, name))


@router.delete(
    "/{name}", status_code=204, responses=problems(404, 503), summary="Give a pool back to the file"
)
@needs(Scope.ADMIN)
async def remove(request: Request, name: str) -> Response:
    """What was set over HTTP is forgotten; the file or the environment counts again."""
    limits = deps.of(request).limits
    if not await limits.store.remove(name):
        raise NotFound(f"No limits of {name[:MAX_NAME]!r} were set over HTTP.")
    await limits.book.reload()
    return Response(status_code=204)


async def _current(request: Request) -> Limits:
    limits = deps.of(request).limits
    await limits.book.reload()
    return limits


def _entry(limits: Limits, name: str) -> Entry:
    known = {one.name: one for one in limits.book.entries()}
    if name not in known:
        raise NotFound(f"There is no pool {name[:MAX_NAME]!r}.{nearest(name, known)}")
    return known[name]


async def _document(limits: Limits, entry: Entry) -> PoolDocument:
    shown: dict[str, Any] = {"name": entry.name, "source": entry.source, "settings": entry.body}
    try:
        view = await limits.limiter.look(entry.name)
        breaker = await limits.breakers.look(entry.name)
    except RedisAway:
        unknown = dict.fromkeys(("limits", "waiting", "frozen_s", "part", "breaker"))
        return PoolDocument.model_validate({**shown, **unknown})
    state = breaker.state.name.lower()
    return PoolDocument.model_validate(
        {
            **shown,
            "limits": [_usage(one) for one in view.limits],
            "waiting": view.waiting,
            "frozen_s": view.frozen_s,
            "part": view.part,
            "breaker": BreakerDocument.model_validate(
                {"state": state, "retry_after_s": breaker.wait_s}
            ),
        }
    )


def _usage(view: LimitView) -> LimitUsage:
    limit = view.limit
    return LimitUsage.model_validate(
        {
            "name": limit.name,
            "measure": limit.measure.value,
            "period": limit.period and limit.period.value,
            "strategy": limit.strategy.value,
            "scope": limit.scope.value,
            "whose": view.whose,
            "current": view.current,
            "limit": view.most,
            "remaining": view.remaining,
            "reset_at": view.reset_at,
        }
    )
