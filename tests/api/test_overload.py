"""When an API server refuses so that those it has taken are still answered in time."""

import time
from typing import Any

import httpx
import pytest

from haulage.api.edge import Edge
from haulage.api.overload import CROWD, WINDOW_S, Overload
from tests.api.conftest import Api, assert_problem

LATE_S = 2.0
JOB: dict[str, Any] = {"type": "http", "path": "/api/v1/jobs/1", "headers": []}
WAITING = {**JOB, "headers": [(b"prefer", b"wait=10")]}
UPLOAD = {**JOB, "path": "/api/v1/files"}
HEALTH = {**JOB, "path": "/health"}


def crowded(*, by: int = CROWD) -> Overload:
    overload = Overload(LATE_S)
    for _ in range(by):
        overload.came()
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
        overload.came()
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
        overload.came()
        took_s = 0.01 if number % 8 == 0 else 9.0
        overload.answered(JOB, 200, at - took_s, at)
        at += WINDOW_S / 10
        assert not overload.refuses(JOB, at)


def test_a_few_slow_requests_are_no_overload() -> None:
    overload = crowded(by=CROWD - 1)
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


def test_after_a_lull_the_first_late_answer_is_no_overload() -> None:
    overload = crowded()
    overload.answered(JOB, 200, 1.0, 90.0)
    overload.answered(JOB, 200, 1.0, 100.0)
    assert not overload.refuses(JOB, 100.0)


def test_a_refusal_ends_by_itself() -> None:
    overload = crowded()
    at = answer(overload, took_s=LATE_S + 0.1)
    assert overload.refuses(JOB, at)
    assert not overload.refuses(JOB, at + LATE_S)


def test_health_is_never_refused() -> None:
    overload = crowded()
    assert not overload.refuses(HEALTH, answer(overload, took_s=9.0))


async def test_who_is_refused_hears_when_to_come_back_and_that_nothing_was_done(api: Api) -> None:
    tired = crowded()
    answer(tired, took_s=60.0, begin=time.perf_counter() - 3.0)
    app = Edge(api.app, overload=tired)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        refused = await client.post("/api/v1/jobs", json={"type": "demo", "input": {}})
        health = await client.get("/health")

    document = assert_problem(refused, 503, "overloaded")
    assert "Nothing was done" in document["detail"]
    assert 1 <= int(refused.headers["retry-after"]) <= LATE_S
    assert health.status_code == 200


async def test_who_was_answered_is_not_under_way_any_more(api: Api) -> None:
    overload = Overload(LATE_S)
    transport = httpx.ASGITransport(app=Edge(api.app, overload=overload))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        for _ in range(2 * CROWD):
            await client.get("/api/v1/nothing")

    assert not overload.refuses(JOB, answer(overload, took_s=60.0))
