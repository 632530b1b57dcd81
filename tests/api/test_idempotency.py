"""`Idempotency-Key`: a submit that is sent again finds the jobs of the first time."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.api.conftest import Worker, assert_problem
from tests.conftest import TestClock

JOB = {"type": "speak", "input": {"text": "hello"}}


async def post(
    http: httpx.AsyncClient, key: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    return await http.post("/api/v1/jobs", json=body or JOB, headers={"Idempotency-Key": key})


async def test_the_same_request_again_finds_the_same_job(http: httpx.AsyncClient) -> None:
    first, again = await post(http, "k"), await post(http, "k")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert first.headers["idempotency-replayed"] == "false"
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["idempotency-expires"] == "2030-01-02T12:00:00Z"
    assert len((await http.get("/api/v1/jobs")).json()["data"]) == 1


async def test_a_replay_shows_the_job_as_it_stands_now(
    http: httpx.AsyncClient, worker: Worker
) -> None:
    job = (await post(http, "k")).json()
    await worker.succeed(job["id"])
    assert (await post(http, "k")).json()["state"] == "succeeded"


async def test_how_the_json_is_written_does_not_matter(http: httpx.AsyncClient) -> None:
    first = await post(http, "k")
    again = await http.post(
        "/api/v1/jobs",
        content=b'{ "input": {"text": "hello"},\n "type": "speak" }',
        headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize("change", [{"input": {"text": "bye"}}, {"priority": "high"}])
async def test_another_request_under_the_key_is_422_and_stores_nothing(
    http: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    await post(http, "k")
    assert_problem(await post(http, "k", {**JOB, **change}), 422, "idempotency_mismatch")
    assert len((await http.get("/api/v1/jobs")).json()["data"]) == 1


async def test_of_many_at_once_one_inserts_and_the_others_find_it_or_are_told_to_wait(
    http: httpx.AsyncClient,
) -> None:
    answers = await asyncio.gather(*(post(http, "k") for _ in range(10)))
    accepted = [one for one in answers if one.status_code == 202]
    assert len({one.json()["id"] for one in accepted}) == 1
    for one in answers:
        if one.status_code != 202:
            assert_problem(one, 409, "idempotency_conflict")
            assert one.headers["retry-after"] == "1"
    assert len((await http.get("/api/v1/jobs")).json()["data"]) == 1


async def test_a_batch_is_found_whole(http: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k"}
    body = {"jobs": [JOB, {**JOB, "input": {"text": "two"}}]}
    first = await http.post("/api/v1/jobs/batch", json=body, headers=headers)
    again = await http.post("/api/v1/jobs/batch", json=body, headers=headers)
    assert again.json() == first.json()
    assert len(first.json()["jobs"]) == 2
    # A single submit under the batch's key is another request.
    assert_problem(await post(http, "k"), 422, "idempotency_mismatch")


async def test_a_key_counts_for_a_day(http: httpx.AsyncClient, clock: TestClock) -> None:
    first = await post(http, "k")
    clock.advance(hours=25)
    assert (await post(http, "k")).json()["id"] != first.json()["id"]


async def test_a_refused_request_does_not_use_its_key_up(http: httpx.AsyncClient) -> None:
    assert (await post(http, "k", {"type": "speak", "input": {}})).status_code == 422
    assert (await post(http, "k")).status_code == 202


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
async def test_a_key_that_is_none_is_400(http: httpx.AsyncClient, key: str) -> None:
    assert_problem(await post(http, key), 400, "invalid_idempotency_key")
