"""When an API server refuses so that those it has taken are still answered in time."""

import time
from typing import Any

import httpx
import pytest

from haulage.api.edge import Edge
from haulage.api.lanes import Lanes
from haulage.api.overload import ROOM, WINDOW_S, Overload
from tests.api.conftest import Api, assert_problem

LATE_S = 2.0
JOB: dict[str, Any] = {"type": "http", "path": "/api/v1/jobs/1", "headers": []}
WAITING = {**JOB, "headers": [(b"prefer", b"wait=10")]}
UPLOAD = {**JOB, "path": "/api/v1/files"}
HEALTH = {**JOB, "path": "/health"}


def crowded(*, by: int = ROOM) -> Overload:
    overload = Overload(LATE_S)
    for _ in range(by):
        overload.came(0.0)
    return overload


def answer(
    overload: Overload,
    *,
    took_s: float,
    scope: dict[str, Any] = JOB,
    status: int = 200,
    begin: float = 100.0,
) -> float:
    """Three seconds of answers, ten a second; the moment of the last one."""
    at = begin
    for _ in range(30):
        overload.came(0.0)
        overload.answered(scope, status, at - took_s, at)
        at += WINDOW_S / 10
    return at


def test_nobody_is_refused_while_answers_are_quick() -> None:
    overload = crowded()
    assert not overload.refuses(JOB, answer(overload, took_s=LATE_S))


def test_new_requests_are_refused_once_no_answer_of_a_second_was_in_time() -> None:
    overload = crowded()
    assert overload.refuses(JOB, answer(overload, took_s=LATE_S + 0.1))


def test_one_quick_answer_in_a_second_is_enough() -> None:
    at = 100.0
    overload = crowded()
    for number in range(60):
        overload.came(0.0)
        took_s = 0.01 if number % 8 == 0 else 9.0
        overload.answered(JOB, 200, at - took_s, at)
        at += WINDOW_S / 10
        assert not overload.refuses(JOB, at)


def test_a_few_slow_requests_are_no_overload() -> None:
    overload = crowded(by=ROOM - 1)
    assert not overload.refuses(JOB, answer(overload, took_s=60.0))


@pytest.mark.parametrize("scope", [WAITING, UPLOAD, HEALTH])
def test_what_takes_its_time_by_nature_says_nothing(scope: dict[str, Any]) -> None:
    overload = crowded()
    assert not overload.refuses(JOB, answer(overload, took_s=60.0, scope=scope))


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_refusals_and_faults_are_neither_late_nor_in_time(status: int) -> None:
    overload = crowded()
    answer(overload, took_s=60.0, status=status)
    assert not overload.refuses(JOB, 103.0)


def test_after_a_lull_a_late_answer_within_a_second_is_no_overload() -> None:
    overload = Overload(LATE_S)
    for _ in range(ROOM + 1):
        overload.came(100.0)
    overload.answered(JOB, 200, 90.0, 100.0 + WINDOW_S / 2)
    assert not overload.refuses(JOB, 101.0)


def test_late_answers_far_apart_are_an_overload_all_the_more() -> None:
    overload = crowded(by=2 * ROOM)
    for at in (100.0, 107.0):
        overload.answered(JOB, 200, at - 30.0, at)
    assert overload.refuses(JOB, 130.0)


def test_a_late_server_takes_on_what_it_has_room_for() -> None:
    overload = crowded()
    at = answer(overload, took_s=9.0)
    assert overload.refuses(JOB, at)
    overload.answered(JOB, 200, at - 9.0, at)
    assert not overload.refuses(JOB, at)
    overload.came(at)
    assert overload.refuses(JOB, at)


def test_a_server_that_is_in_time_again_takes_everybody() -> None:
    overload = crowded()
    at = answer(overload, took_s=9.0)
    assert not overload.refuses(JOB, answer(overload, took_s=0.1, begin=at))


def test_a_verdict_ends_when_no_answer_renews_it() -> None:
    overload = crowded()
    at = answer(overload, took_s=LATE_S + 0.1)
    assert overload.refuses(JOB, at)
    assert not overload.refuses(JOB, at + LATE_S + 0.6)


def test_health_is_never_refused() -> None:
    overload = crowded()
    assert not overload.refuses(HEALTH, answer(overload, took_s=9.0))


async def test_who_is_refused_hears_when_to_come_back_and_that_nothing_was_done(api: Api) -> None:
    tired = crowded()
    answer(tired, took_s=60.0, begin=time.perf_counter() - 3.0)
    app = Edge(api.app, overload=tired, lanes=Lanes())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        refused = await client.post("/api/v1/jobs", json={"type": "demo", "input": {}})
        health = await client.get("/health")

    document = assert_problem(refused, 503, "overloaded")
    assert "Nothing was done" in document["detail"]
    assert refused.headers["retry-after"] == "2"
    assert health.status_code == 200


async def test_who_was_answered_is_not_under_way_any_more(api: Api) -> None:
    overload = Overload(LATE_S)
    transport = httpx.ASGITransport(app=Edge(api.app, overload=overload, lanes=Lanes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        for _ in range(2 * ROOM):
            await client.get("/api/v1/nothing")

    assert not overload.refuses(JOB, answer(overload, took_s=60.0))
