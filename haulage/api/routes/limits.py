"""Limits: how pools are set and how they stand; set and given back to the file at run time."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from haulage.accounts.principal import Principal
from haulage.api import deps
from haulage.api.bodies import read_model
from haulage.api.errors import Refusal
from haulage.api.faults import nearest
from haulage.api.guard import Router, needs
from haulage.api.limit_models import PoolDocument, PoolPage
from haulage.api.openapi import header, json_body, problems
from haulage.api.own_limits import asker_of, usage_of
from haulage.api.preconditions import etag_of, precondition_of
from haulage.api.routes.jobs import NoQuery
from haulage.api.running_usage import running
from haulage.domain.errors import Fault, InvalidInput, NotFound
from haulage.domain.limits import NOT_SET
from haulage.domain.scope import Scope
from haulage.limits import limit
from haulage.limits.book import Entry, Source
from haulage.limits.config import RUNNING, PoolBody, fault_in
from haulage.limits.errors import RedisAway
from haulage.limits.installation import Limits
from haulage.limits.view import LimitView

router = Router(prefix="/api/v1/limits", tags=["limits"])

MAX_NAME, MAX_LINES = 100, 100
PRECONDITIONS = {"parameters": [header("If-Match"), header("If-None-Match")]}
# Of a pool that nobody waits at: its jobs wait in their queue.
_NO_TURNS = {
    "waiting": 0,
    "parked": 0,
    "lines": [],
    "frozen_s": 0.0,
    "part": 1.0,
    "breaker": None,
}
B = TypeVar("B")


@router.get("", responses=problems(400, 503), summary="List limits")
@needs(Scope.READ)
async def listing(request: Request, _query: Annotated[NoQuery, Query()]) -> PoolPage:
    """Every pool that is set, with its usage now: by oneself and by all together."""
    limits = await _current(request)
    return PoolPage(data=[await _document(request, one) for one in limits.book.entries()])


@router.get("/{name}", responses=problems(400, 404, 503), summary="Look at a pool's limits")
@needs(Scope.READ)
async def show(
    request: Request, response: Response, name: str, _query: Annotated[NoQuery, Query()]
) -> PoolDocument:
    """As it is set, and as it stands now."""
    entry = _entry(await _current(request), name)
    response.headers.update(etag_of(entry.version))
    return await _document(request, entry)


@router.put(
    "/{name}",
    responses=problems(400, 412, 413, 415, 422, 503),
    openapi_extra={**json_body("PoolBody"), **PRECONDITIONS},
    summary="Set a pool's limits",
)
@needs(Scope.ADMIN)
async def put(request: Request, response: Response, name: str) -> PoolDocument:
    """In force in all processes within a second. It replaces what the file says of this pool.

    With `If-Match` and the ETag, or the `version`, that was read, it is refused when the pool is
    set otherwise by now; with `If-None-Match: *`, when it is set at all.
    """
    parts, who = deps.of(request), deps.principal(request)
    if len(name) > MAX_NAME or "\x00" in name or "{" in name or "}" in name:
        fault = Fault("", f"a pool's name has at most {MAX_NAME} characters and no braces")
        raise InvalidInput("The name does not fit.", (fault,))
    body = await read_model(request, PoolBody, limit=parts.settings.api.max_body_bytes)
    if why := fault_in(name, body):
        raise InvalidInput("The body does not fit.", (Fault("", why),))
    if unknown := [one for one in body.types if one not in parts.services.registry]:
        why = f"there is no job type {unknown[0]!r}.{nearest(unknown[0], _types(parts))}"
        raise InvalidInput("The body does not fit.", (Fault("/types", why),))
    over = await _to_replace(request, name)
    document: dict[str, Any] = body.model_dump(mode="json", exclude_defaults=True)
    if not await parts.limits.store.set(name, document, by=who.subject, over=over):
        raise _changed(name, _known(await _current(request)).get(name))
    entry = _entry(await _current(request), name)
    response.headers.update(etag_of(entry.version))
    return await _document(request, entry)


@router.delete(
    "/{name}",
    status_code=204,
    responses=problems(404, 412, 503),
    openapi_extra=PRECONDITIONS,
    summary="Give a pool back to the file",
)
@needs(Scope.ADMIN)
async def remove(request: Request, name: str) -> Response:
    """What was set over HTTP is forgotten; the file or the environment counts again.

    `If-Match` as for `PUT`.
    """
    limits = deps.of(request).limits
    over = await _to_replace(request, name)
    if not await limits.store.remove(name, over=over):
        now = _known(await _current(request)).get(name)
        if over and now is not None and now.source is Source.API:
            raise _changed(name, now)
        raise NotFound(f"No limits of {name[:MAX_NAME]!r} were set over HTTP.")
    await limits.book.reload()
    return Response(status_code=204)


@router.post(
    "/{name}/breaker/close", responses=problems(404, 503), summary="Close a pool's circuit breaker"
)
@needs(Scope.ADMIN)
async def close_breaker(request: Request, name: str) -> PoolDocument:
    """Calls go again at once. It opens again as it did before, if they fail."""
    limits = await _current(request)
    entry = _entry(limits, name)
    await limits.breakers.shut(name)
    return await _document(request, entry)


def _types(parts: deps.Deps) -> list[str]:
    return [declared.name for declared in parts.services.registry]


async def _current(request: Request) -> Limits:
    limits = deps.of(request).limits
    await limits.book.reload()
    return limits


async def _to_replace(request: Request, name: str) -> str | None:
    """The version that alone is to be replaced, `NOT_SET` where nothing was set over HTTP, None
    where the caller has no precondition; raises `Refusal` when its own does not hold."""
    wanted = precondition_of(request)
    if not wanted.was_said:
        return None
    entry = _known(await _current(request)).get(name)
    if not wanted.holds(entry.version if entry else None):
        raise _changed(name, entry)
    return entry.version if entry and entry.source is Source.API else NOT_SET


def _changed(name: str, entry: Entry | None) -> Refusal:
    """Another was quicker; `entry` is what is there now."""
    if entry is None:
        said = f"No limits of {name[:MAX_NAME]!r} are set any more"
    elif entry.at is None:
        said = f"The limits of {name!r} are those of the {entry.source} by now"
    else:
        said = f"{entry.by} has set the limits of {name!r} at {entry.at:%Y-%m-%d %H:%M:%S} UTC"
    return Refusal(
        412,
        "changed",
        "Somebody was quicker",
        f"{said}, and you have not seen that. Nothing was changed: read them again, then decide.",
        members={
            "changed_by": entry.by if entry else None,
            "changed_at": entry.at if entry else None,
        },
    )


def _known(limits: Limits) -> dict[str, Entry]:
    return {one.name: one for one in limits.book.entries()}


def _entry(limits: Limits, name: str) -> Entry:
    known = _known(limits)
    if name not in known:
        raise NotFound(f"There is no pool {name[:MAX_NAME]!r}.{nearest(name, known)}")
    return known[name]


async def _document(request: Request, entry: Entry) -> PoolDocument:
    limits, who = deps.of(request).limits, deps.principal(request)
    settings = entry.body if who.may(Scope.ADMIN) else _own_settings(entry.body, who)
    shown: dict[str, Any] = {
        "name": entry.name,
        "source": entry.source,
        "settings": settings,
        "version": entry.version,
        "set_by": entry.by if who.may(Scope.ADMIN) else None,
        "set_at": entry.at,
    }
    if entry.name == RUNNING:
        used = [usage_of(one) for one in await running(request, entry.pool) if _concerns(one, who)]
        return PoolDocument.model_validate({**shown, **_NO_TURNS, "limits": used})
    try:
        view = await limits.limiter.look(entry.name)
        breaker = await limits.breakers.look(entry.name)
    except RedisAway:
        unknown = dict.fromkeys(
            ("limits", "waiting", "parked", "lines", "frozen_s", "part", "breaker")
        )
        return PoolDocument.model_validate({**shown, **unknown})
    lines = [one for one in view.lines if who.may(Scope.ADMIN) or one.tenant == who.tenant]
    return PoolDocument.model_validate(
        {
            **shown,
            "limits": [usage_of(one) for one in view.limits if _concerns(one, who)],
            "waiting": sum(one.waiting for one in view.lines),
            "parked": sum(one.parked for one in view.lines),
            "lines": [asdict(one) for one in lines[:MAX_LINES]],
            "frozen_s": view.frozen_s,
            "part": view.part,
            "breaker": {
                "state": breaker.state.name.lower(),
                "retry_after_s": breaker.wait_s,
                "failures": breaker.failures,
                "opens_after": entry.rule.failures,
            },
        }
    )


def _concerns(view: LimitView, who: Principal) -> bool:
    """Whether it is the caller's to see: the account's as a whole, or what counts for it alone."""
    if who.may(Scope.ADMIN) or view.limit.scope in (limit.Scope.POOL, limit.Scope.MODEL):
        return True
    return view.whose in ("", view.limit.scope.whose(asker_of(who)))


def _own_settings(body: PoolBody, who: Principal) -> PoolBody:
    """Without what is set for certain others."""
    asker = asker_of(who)
    return body.model_copy(
        update={
            "tenants": _only(body.tenants, asker.tenant),
            "users": _only(body.users, asker.user),
            "keys": _only(body.keys, asker.key),
        }
    )


def _only(those: Mapping[str, B], name: str) -> dict[str, B]:
    return {its: one for its, one in those.items() if its == name}
