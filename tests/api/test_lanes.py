"""A lane answers as its route does; nothing that checks more than its endpoint has one."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from haulage.api.edge import surround
from haulage.api.lanes import open_lanes
from haulage.api.overload import Overload
from haulage.domain.errors import DefinitionFault
from tests.api.conftest import Api

URL = "/api/v1/jobs"
GOOD = {"type": "speak", "input": {"text": "hi"}}


@pytest.mark.parametrize(
    "body", [GOOD, {"type": "speek", "input": 1}, {"type": "speak", "input": {"text": 7}}, [1]]
)
async def test_a_lane_answers_as_the_route_does(
    http: httpx.AsyncClient, api: Api, body: object
) -> None:
    direct = await http.post(URL, json=body, headers={"X-Request-ID": "one"})
    surround(api.app, overload=Overload(60.0), lanes={})
    routed = await http.post(URL, json=body, headers={"X-Request-ID": "one"})
    assert direct.status_code == routed.status_code
    assert direct.headers.keys() == routed.headers.keys()
    assert direct.json().keys() == routed.json().keys()
    if direct.status_code != 202:
        assert direct.json() == routed.json()


async def test_answers_by_a_lane_are_counted_under_their_route(http: httpx.AsyncClient) -> None:
    await http.post(URL, json=GOOD)
    assert 'method="POST",route="/api/v1/jobs",status="202"' in (await http.get("/metrics")).text


async def takes_nothing(request: Request) -> Response:
    return Response()


async def takes_a_query(request: Request, word: Annotated[str, Query()]) -> Response:
    return Response(word)


def let_nobody_in() -> None:
    raise AssertionError


def test_an_endpoint_that_takes_more_than_its_request_has_no_lane() -> None:
    router = APIRouter()
    router.post("/query")(takes_a_query)
    with pytest.raises(DefinitionFault, match="/query takes more"):
        open_lanes(router, {takes_a_query})


@pytest.mark.parametrize("where", ["router", "route"])
def test_an_endpoint_behind_a_dependency_has_no_lane(where: str) -> None:
    guard = [Depends(let_nobody_in)]
    router = APIRouter(dependencies=guard if where == "router" else [])
    router.post("/guarded", dependencies=guard if where == "route" else [])(takes_nothing)
    with pytest.raises(DefinitionFault, match="/guarded"):
        open_lanes(router, {takes_nothing})
