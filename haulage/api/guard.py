"""Nobody reaches a route unless its scope is met; a route that names none is no route.

    @router.get("/{job_id}", …)
    @needs(Scope.READ)
    async def show(…): …

`needs` only marks the endpoint; a `Router` puts the guard in front of it and refuses one without a
mark. Lanes, which go past routers, call `admit` themselves. Credentials come in `Authorization` or,
for a WebSocket of a browser, which can't set it, as a subprotocol.
"""

import re
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import unquote

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from haulage.accounts.principal import Principal
from haulage.accounts.secret import ANYWHERE
from haulage.api import deps
from haulage.api.addresses import address_of
from haulage.api.errors import REQUEST_ID, Refusal
from haulage.api.openapi import problems
from haulage.domain.errors import DefinitionFault, NotAllowed, NotAuthenticated, OverLimit
from haulage.domain.ids import uuid7
from haulage.domain.scope import Scope
from haulage.storage.audit_store import Entry
from haulage.telemetry import logs

E = TypeVar("E", bound=Callable[..., Any])
Needs = tuple[Scope, ...]

UNAUTHENTICATED = 4401
FORBIDDEN = 4403
TOO_MANY = 4429
# What a browser's WebSocket offers: first the credential, then the protocol that is chosen.
PROTOCOL = "haulage"
BEARER = "bearer."

# Of a path, in the audit.
MAX_TARGET = 500
_ONLY_LOOKS = frozenset({"GET", "HEAD"})
_MARK = "_haulage_needs"
# Addresses end up in logs, histories and referrers.
_NAMED = re.compile(
    r"(^|&)(api[_-]?key|key|access[_-]?token|token|authorization|bearer)=", re.IGNORECASE
)


def needs(*any_of: Scope) -> Callable[[E], E]:
    """Mark an endpoint: its callers have one of these scopes. Without any: everybody may call."""

    def mark(endpoint: E) -> E:
        setattr(endpoint, _MARK, any_of)
        return endpoint

    return mark


def needed_by(endpoint: Callable[..., Any]) -> Needs:
    """What `endpoint` is marked with; raises `DefinitionFault`."""
    marked: Needs | None = getattr(endpoint, _MARK, None)
    if marked is None:
        raise DefinitionFault(f"{endpoint.__qualname__} says no scope: mark it with @needs(…)")
    return marked


class GuardedRoute(APIRoute):
    """A route behind its scopes, which its documentation names."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if needed := needed_by(endpoint):
            security = [{"bearer": [scope.value]} for scope in needed]
            extra = options.get("openapi_extra") or {}
            options["openapi_extra"] = {**extra, "security": security}
            refused = problems(400, 401, 403, 429)
            options["responses"] = {**refused, **(options.get("responses") or {})}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The guard is first: who may not call is told nothing of what is wrong with the query."""
        needed, handle = needed_by(self.endpoint), super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await admit(request, needed, route=self.path_format)
            return await handle(request)

        return guarded


class Router(APIRouter):
    """An `APIRouter` whose routes are guarded, WebSockets too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=GuardedRoute, **options)

    def add_api_websocket_route(
        self, path: str, endpoint: Callable[..., Any], *args: Any, **options: Any
    ) -> None:
        """As FastAPI does, with the guard in front."""
        needed = needed_by(endpoint)

        @wraps(endpoint)
        async def guarded(socket: WebSocket, *also: Any, **parameters: Any) -> None:
            try:
                await admit(socket, needed, route=path)
            except (NotAuthenticated, NotAllowed, OverLimit, Refusal) as error:
                await _turn_away(socket, error)
            else:
                await endpoint(socket, *also, **parameters)

        super().add_api_websocket_route(path, guarded, *args, **options)


async def admit(connection: HTTPConnection, needs: Needs, *, route: str) -> None:
    """Let `connection` pass or raise `NotAuthenticated`, `NotAllowed`, `OverLimit` or `Refusal`.
    What it is about to change on `route` stands in the audit then."""
    if query := connection.scope["query_string"]:
        _refuse_credentials(query)
    if not needs:
        return
    parts = deps.of(connection)
    address = address_of(connection, parts.settings.api.trusted_proxies)
    principal = await parts.gate.admit(_credential(connection), address=address)
    deps.keep(connection, principal)
    logs.add(tenant=principal.tenant)
    require(principal, *needs)
    await parts.quota.request(principal)
    if parts.gate.enabled and connection.scope.get("method", "GET") not in _ONLY_LOOKS:
        await parts.gate.record(_entry(connection, principal, route, parts.services.clock.now()))


def require(principal: Principal, *any_of: Scope) -> None:
    """Raise `NotAllowed` unless `principal` has one of these scopes."""
    if not principal.may(*any_of):
        wanted = " or ".join(any_of)
        raise NotAllowed(
            f"This needs the scope {wanted}, and {principal.subject} does not have it. "
            "Ask whoever looks after the keys for one that does.",
            needs=tuple(scope.value for scope in any_of),
        )


def chosen_protocol(connection: HTTPConnection) -> str | None:
    """The subprotocol to answer a WebSocket with: never the one that is a credential."""
    return PROTOCOL if PROTOCOL in connection.scope.get("subprotocols", ()) else None


def _entry(connection: HTTPConnection, who: Principal, route: str, now: datetime) -> Entry:
    scope = connection.scope
    return Entry(
        id=uuid7(),
        at=now,
        tenant=who.tenant,
        subject=who.subject,
        user=who.caller.user,
        key=who.caller.key,
        address=who.address,
        action=f"{scope['method']} {route}",
        target=scope["path"][:MAX_TARGET],
        request_id=str(scope[REQUEST_ID]),
    )


def _credential(connection: HTTPConnection) -> str | None:
    for name, value in connection.scope["headers"]:
        if name == b"authorization":
            kind, _, credential = value.decode("latin-1").partition(" ")
            # Who sends something else (such as Basic, meant for a proxy) has sent nothing to us.
            return credential.strip() if kind.lower() == "bearer" else None
    for offered in connection.scope.get("subprotocols", ()):
        if offered.startswith(BEARER):
            return str(offered[len(BEARER) :])
    return None


def _refuse_credentials(query: bytes) -> None:
    text = query.decode("latin-1")
    if _NAMED.search(text) or ANYWHERE.search(unquote(text)):
        raise Refusal(
            400,
            "credential_in_query",
            "A credential in the address",
            "Addresses end up in logs: keys and tokens go into the header `Authorization: "
            "Bearer …`. Take this one for known to others, and have it replaced.",
        )


async def _turn_away(socket: WebSocket, error: Exception) -> None:
    """Accept and close: a browser is told nothing of a handshake that failed."""
    await socket.accept(subprotocol=chosen_protocol(socket))
    code = FORBIDDEN if isinstance(error, NotAllowed) else UNAUTHENTICATED
    code = TOO_MANY if isinstance(error, OverLimit) else code
    # A reason has at most 123 bytes.
    await socket.close(code, str(error)[:120])
