"""Straight ways to the busiest endpoints, past the framework's layers.

FastAPI takes longer to find the route of a `POST /jobs` and to call it than the submit itself does
(docs/performance.md). A lane calls the same endpoint with the same request, and refusals go to the
same handler; the route stays for OpenAPI and for everything that does not come this way.

Who calls is asked here as it is on the route (`guard.py`). Only an endpoint that takes nothing but
its request has a lane: with a dependency on the way there would be two ways in, of which one checks
less. Such a one is refused when the application is built.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from haulage.api.errors import answer_ours
from haulage.api.guard import admit, needed_by
from haulage.domain.errors import DefinitionFault, HaulageError

Endpoint = Callable[[Request], Awaitable[Response]]
# By method and path.
Lanes = Mapping[tuple[str, str], "Lane"]


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
            answer = await self._endpoint(request)
        except HaulageError as error:
            answer = await answer_ours(request, error)
        await answer(scope, receive, send)


def open_lanes(router: APIRouter, endpoints: set[Endpoint]) -> Lanes:
    """A lane to each of `endpoints`, which are routes of `router`; raises `DefinitionFault`."""
    return {
        (method, route.path): Lane(route)
        for route in _routes(router, endpoints)
        for method in route.methods or ()
    }


def _routes(router: APIRouter, endpoints: set[Endpoint]) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute) and route.endpoint in endpoints:
            its = route.dependant
            taken = its.path_params, its.query_params, its.header_params, its.cookie_params
            if router.dependencies or its.dependencies or its.body_params or any(taken):
                raise DefinitionFault(f"{route.path} takes more than its request: it has no lane")
            yield route
