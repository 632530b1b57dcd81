"""A lane answers as its route does; nothing that checks more than its endpoint has one."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from haulage.api.edge import surround
from haulage.api.lanes import Lanes, open_lanes
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
    surround(api.app, overload=Overload(60.0), lanes=Lanes())
    routed = await http.post(URL, json=body, headers={"X-Request-ID": "one"})
    assert direct.status_code == routed.status_code
    assert direct.headers.keys() == routed.headers.keys()
    assert direct.json().keys() == routed.json().keys()
    if direct.status_code != 202:
        assert direct.json() == routed.json()


@pytest.mark.parametrize("asked", ["the job", f"{UUID(int=7)}", "x" * 36, "a/" * 18])
async def test_a_look_at_a_job_answers_the_same_by_its_lane_and_by_its_route(
    http: httpx.AsyncClient, api: Api, asked: str
) -> None:
    job_id = (await http.post(URL, json=GOOD)).json()["id"]
    path = f"{URL}/{job_id if asked == 'the job' else asked}"
    direct = await http.get(path, headers={"X-Request-ID": "one"})
    surround(api.app, overload=Overload(60.0), lanes=Lanes())
    routed = await http.get(path, headers={"X-Request-ID": "one"})
    assert (direct.status_code, direct.headers, direct.content) == (
        routed.status_code,
        routed.headers,
        routed.content,
    )
    assert direct.status_code == (200 if asked == "the job" else 404)


async def test_a_look_that_asks_for_more_finds_its_route(http: httpx.AsyncClient) -> None:
    job_id = (await http.post(URL, json=GOOD)).json()["id"]
    shown = (await http.get(f"{URL}/{job_id}?include=input")).json()
    assert shown["input"]["text"] == "hi"
    assert (await http.get(f"{URL}/{job_id}?include=nothing")).status_code == 400


@contextmanager
def statements_heard() -> Iterator[list[str]]:
    """What is asked about jobs, by anybody."""
    heard: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        if "FROM jobs" in statement:
            heard.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)


async def test_looks_at_the_same_time_share_statements(http: httpx.AsyncClient) -> None:
    ids = [(await http.post(URL, json=GOOD)).json()["id"] for _ in range(20)]
    with statements_heard() as statements:
        answers = await asyncio.gather(*(http.get(f"{URL}/{one}") for one in ids))
    assert [answer.json()["id"] for answer in answers] == ids
    assert len(statements) <= 3


async def test_answers_by_a_lane_are_counted_under_their_route(http: httpx.AsyncClient) -> None:
    await http.post(URL, json=GOOD)
    assert 'method="POST",route="/api/v1/jobs",status="202"' in (await http.get("/metrics")).text


@pytest.mark.parametrize("path", ["/{one}/{two}", "/{one}/more"])
def test_a_lane_by_id_is_for_one_id_at_the_end(path: str) -> None:
    router = APIRouter()
    router.get(path)(takes_an_id)
    with pytest.raises(DefinitionFault, match="takes more"):
        open_lanes([router], (), by_id={takes_an_id: BaseModel})


async def takes_an_id(one: str, two: str = "") -> Response:
    return Response(one + two)


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
        open_lanes([router], {takes_a_query}, by_id={})


@pytest.mark.parametrize("where", ["router", "route"])
def test_an_endpoint_behind_a_dependency_has_no_lane(where: str) -> None:
    guard = [Depends(let_nobody_in)]
    router = APIRouter(dependencies=guard if where == "router" else [])
    router.post("/guarded", dependencies=guard if where == "route" else [])(takes_nothing)
    with pytest.raises(DefinitionFault, match="/guarded"):
        open_lanes([router], {takes_nothing}, by_id={})
