"""Straight ways to the busiest endpoints, past the framework's layers.

FastAPI takes longer to find the route of a `POST /jobs` and to call it than the submit itself does
(docs/performance.md). A lane calls the same endpoint with the same request, and refusals go to the
same handler; the route stays for OpenAPI and for everything that does not come this way.

Who calls is asked here as it is on the route (`guard.py`). Only an endpoint that takes nothing but
its request has a lane, and one that takes an id besides, for requests without a query: with a
dependency on the way there would be two ways in, of which one checks less. Any other is refused
when the application is built.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from haulage.api.errors import answer_ours
from haulage.api.guard import admit, needed_by
from haulage.domain.errors import DefinitionFault, HaulageError

Endpoint = Callable[..., Awaitable[Response]]
# Of a UUID. What has another length may be the name of another route.
ID_LENGTH = 36


class Lane:
    """One endpoint, called directly."""

    def __init__(self, route: APIRoute) -> None:
        self._route = route
        self._endpoint: Endpoint = route.endpoint
        self._needs = needed_by(route.endpoint)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # For those who count answers by their routes.
        scope["route"] = self._route
        request = Request(scope, receive)
        try:
            await admit(request, self._needs, route=self._route.path)
            answer = await self._called(request)
        except HaulageError as error:
            answer = await answer_ours(request, error)
        await answer(scope, receive, send)

    def _called(self, request: Request) -> Awaitable[Response]:
        return self._endpoint(request)


class LaneById(Lane):
    """An endpoint that takes an id, the last part of its path, and a `query` in which all may be
    left out."""

    def __init__(self, route: APIRoute, query: BaseModel) -> None:
        super().__init__(route)
        self._query = query

    def _called(self, request: Request) -> Awaitable[Response]:
        return self._endpoint(request, request.scope["path"][-ID_LENGTH:], self._query)


class Lanes:
    """The lanes of an application."""

    def __init__(
        self,
        plain: Mapping[tuple[str, str], Lane] | None = None,
        by_id: Mapping[tuple[str, str], LaneById] | None = None,
    ) -> None:
        """By method and path; `by_id` by the path before the id."""
        self._plain = plain or {}
        self._by_id = by_id or {}

    def of(self, scope: Scope) -> Lane | None:
        """The lane of a request, None for one that has to find its route."""
        method, path = scope["method"], scope["path"]
        plain = self._plain.get((method, path))
        if plain is not None or scope["query_string"] or path[-ID_LENGTH - 1 : -ID_LENGTH] != "/":
            return plain
        return None if "/" in path[-ID_LENGTH:] else self._by_id.get((method, path[:-ID_LENGTH]))


def open_lanes(
    routers: Collection[APIRouter],
    endpoints: Collection[Endpoint],
    by_id: Mapping[Endpoint, type[BaseModel]],
) -> Lanes:
    """Lanes to `endpoints` and to those `by_id`, with the models of their queries: all routes of
    `routers`. Raises `DefinitionFault`."""
    plain: dict[tuple[str, str], Lane] = {}
    of_ids: dict[tuple[str, str], LaneById] = {}
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute) or route.endpoint not in {*endpoints, *by_id}:
                continue
            query = by_id.get(route.endpoint)
            _refuse_more(router, route, is_by_id=query is not None)
            for method in route.methods or ():
                if query is None:
                    plain[method, route.path] = Lane(route)
                else:
                    parent = route.path.rpartition("{")[0]
                    of_ids[method, parent] = LaneById(route, query())
    return Lanes(plain, of_ids)


def _refuse_more(router: APIRouter, route: APIRoute, *, is_by_id: bool) -> None:
    its = route.dependant
    taken = [its.header_params, its.cookie_params, its.body_params]
    if is_by_id:
        fits = len(its.path_params) == 1 and route.path.endswith("}")
    else:
        fits = True
        taken += [its.path_params, its.query_params]
    if not fits or router.dependencies or its.dependencies or any(taken):
        raise DefinitionFault(f"{route.path} takes more than its request: it has no lane")
