"""Limits over HTTP: what is put is in force at once, shown with its usage, and given back."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from haulage.brokers import redis_clients
from haulage.domain.limits import Asker, Estimate, Spent
from tests.api.conftest import Api, Submit, Worker, assert_problem

BODY = {"tokens_per_hour": 1000, "per_tenant": {"requests_per_minute": 2}}


async def test_the_environments_pool_is_there_from_the_start(http: httpx.AsyncClient) -> None:
    (pool,) = (await http.get("/api/v1/limits")).json()["data"]
    assert (pool["name"], pool["source"]) == ("ai-tasks", "environment")
    by_period = {one["period"]: one["limit"] for one in pool["limits"]}
    assert by_period == {"minute": 20, "hour": 100, "day": 500, "week": 2000, "month": 7500}


async def test_what_is_put_is_shown_with_its_usage(http: httpx.AsyncClient, api: Api) -> None:
    assert (await http.put("/api/v1/limits/openai", json=BODY)).status_code == 200
    limiter = api.app.state.deps.limits.limiter
    async with limiter.hold("openai", Estimate(300), Asker("acme")) as held:
        held.settle(Spent(tokens=120))
    await limiter.drain()
    pool = (await http.get("/api/v1/limits/openai")).json()
    shown = {(one["measure"], one["whose"]): one for one in pool["limits"]}
    tokens = shown["tokens", ""]
    assert (tokens["current"], tokens["limit"], tokens["remaining"]) == (120, 1000, 880)
    assert shown["requests", "acme"]["current"] == 1
    closed = {"state": "closed", "retry_after_s": 0.0, "failures": 0, "opens_after": 5}
    assert pool["breaker"] == closed


async def test_a_bucket_says_its_level_and_its_next_moment(
    http: httpx.AsyncClient, api: Api
) -> None:
    # One of the three is kept for calls that arrive late, by up to five seconds: a busy machine.
    bucket = {"amount": 60, "strategy": "bucket", "burst": 3}
    put = await http.put(
        "/api/v1/limits/openai", json={"requests_per_hour": bucket, "slack_s": 5, "concurrency": 1}
    )
    level = {one["measure"]: (one["amount"], one["remaining"]) for one in put.json()["limits"]}
    assert level == {"requests": (60, 2), "concurrency": (1, 1)}
    limiter = api.app.state.deps.limits.limiter
    async with limiter.hold("openai", Estimate(0), Asker()):
        held = {
            one["measure"]: (one["remaining"], one["next_at"])
            for one in (await http.get("/api/v1/limits/openai")).json()["limits"]
        }
    assert held["concurrency"] == (0, None)
    async with limiter.hold("openai", Estimate(0), Asker()):
        pass
    pool = (await http.get("/api/v1/limits/openai")).json()
    (requests,) = (one for one in pool["limits"] if one["measure"] == "requests")
    assert requests["remaining"] == 0
    wait = datetime.fromisoformat(requests["next_at"]) - datetime.now(UTC)
    assert timedelta(seconds=50) < wait <= timedelta(seconds=61)


async def test_it_says_who_waits_and_who_is_parked(http: httpx.AsyncClient, api: Api) -> None:
    await http.put("/api/v1/limits/openai", json={"requests_per_hour": 1})
    limiter = api.app.state.deps.limits.limiter
    async with limiter.hold("openai", Estimate(0), Asker()):
        pass
    waiting = asyncio.ensure_future(
        limiter.hold("openai", Estimate(0), Asker("acme", "small")).__aenter__()
    )
    for number in range(2):
        await limiter.try_hold("openai", Estimate(0), Asker("beta", "large"), id=f"{number}")
    pool = (await http.get("/api/v1/limits/openai")).json()
    waiting.cancel()
    assert (pool["waiting"], pool["parked"]) == (1, 2)
    assert pool["lines"] == [
        {"tenant": "beta", "model": "large", "waiting": 0, "parked": 2},
        {"tenant": "acme", "model": "small", "waiting": 1, "parked": 0},
    ]


async def test_a_cancelled_job_gives_its_parked_place_back(
    http: httpx.AsyncClient, api: Api
) -> None:
    await http.put("/api/v1/limits/openai", json={"requests_per_hour": 1})
    limiter = api.app.state.deps.limits.limiter
    async with limiter.hold("openai", Estimate(0), Asker()):
        pass
    job = (await http.post("/api/v1/jobs", json={"type": "speak", "input": {"text": "hi"}})).json()[
        "id"
    ]
    await limiter.try_hold("openai", Estimate(0), Asker(), id=f"{job}.1.handler.1/m")
    assert (await http.get("/api/v1/limits/openai")).json()["parked"] == 1
    assert (await http.delete(f"/api/v1/jobs/{job}")).status_code in (200, 202)
    await limiter.drain()
    assert (await http.get("/api/v1/limits/openai")).json()["parked"] == 0


async def test_an_open_breaker_is_closed_by_hand(http: httpx.AsyncClient, api: Api) -> None:
    await http.put("/api/v1/limits/openai", json={"breaker_failures": 1})
    breakers = api.app.state.deps.limits.breakers
    with pytest.raises(OSError, match="gone"):
        async with breakers.guard("openai"):
            raise OSError("gone")
    shown = (await http.get("/api/v1/limits/openai")).json()["breaker"]
    assert (shown["state"], shown["opens_after"]) == ("open", 1)
    closed = await http.post("/api/v1/limits/openai/breaker/close")
    assert closed.json()["breaker"]["state"] == "closed"
    async with breakers.guard("openai"):
        pass
    assert (await http.post("/api/v1/limits/nobody/breaker/close")).status_code == 404


async def test_a_pool_goes_back_to_the_environment(http: httpx.AsyncClient) -> None:
    await http.put("/api/v1/limits/ai-tasks", json={"requests_per_day": 7})
    assert (await http.get("/api/v1/limits/ai-tasks")).json()["source"] == "api"
    assert (await http.delete("/api/v1/limits/ai-tasks")).status_code == 204
    assert (await http.get("/api/v1/limits/ai-tasks")).json()["source"] == "environment"
    assert (await http.delete("/api/v1/limits/ai-tasks")).status_code == 404


async def test_who_read_before_another_has_set_it_does_not_overwrite_that(
    http: httpx.AsyncClient,
) -> None:
    url = "/api/v1/limits/openai"
    first = await http.put(url, json={"requests_per_minute": 5})
    seen = (await http.get(url)).headers["etag"]
    unchanged = await http.get(url, headers={"if-none-match": seen})
    theirs = await http.put(
        url, json={"requests_per_minute": 6}, headers={"if-match": first.headers["etag"]}
    )
    for etag in (seen, first.headers["etag"], f'"{first.json()["version"]}"'):
        late = await http.put(
            url, json={"requests_per_minute": 7}, headers={"if-match": f'"x", {etag}'}
        )
        problem = assert_problem(late, 412, "changed")
        assert problem["changed_by"] == theirs.json()["set_by"] == "anonymous@203.0.113.7"
        assert "anonymous@203.0.113.7 has set the limits of 'openai' at " in problem["detail"]
    assert (unchanged.status_code, theirs.status_code) == (304, 200)
    assert (await http.delete(url, headers={"if-match": seen})).status_code == 412
    assert (await http.get(url)).json()["settings"]["requests_per_minute"]["amount"] == 6
    assert (await http.delete(url, headers={"if-match": "*"})).status_code == 204
    gone = await http.put(url, json={}, headers={"if-match": theirs.headers["etag"]})
    assert "are set any more" in assert_problem(gone, 412, "changed")["detail"]


async def test_the_version_of_a_pool_is_that_of_its_settings_alone(
    http: httpx.AsyncClient, api: Api
) -> None:
    await http.put("/api/v1/limits/openai", json=BODY)
    before = await http.get("/api/v1/limits/openai")
    async with api.app.state.deps.limits.limiter.hold("openai", Estimate(300), Asker("acme")):
        after = await http.get("/api/v1/limits/openai")
    assert before.json()["version"] == after.json()["version"]
    assert before.headers["etag"] != after.headers["etag"]
    put = await http.put(
        "/api/v1/limits/openai", json={}, headers={"if-match": before.headers["etag"]}
    )
    assert put.status_code == 200
    assert put.json()["version"] != before.json()["version"]


async def test_of_two_who_set_the_environments_pool_at_once_one_is_told(
    http: httpx.AsyncClient,
) -> None:
    url = "/api/v1/limits/ai-tasks"
    seen = (await http.get(url)).headers["etag"]
    answers = await asyncio.gather(
        *(
            http.put(url, json={"requests_per_day": amount}, headers={"if-match": seen})
            for amount in (7, 8)
        )
    )
    assert sorted(one.status_code for one in answers) == [200, 412]


async def test_a_new_pool_takes_nobodys_place(http: httpx.AsyncClient) -> None:
    new = {"if-none-match": "*"}
    assert (await http.put("/api/v1/limits/openai", json=BODY, headers=new)).status_code == 200
    taken = await http.put("/api/v1/limits/openai", json={}, headers=new)
    assert_problem(taken, 412, "changed")
    shipped = await http.put("/api/v1/limits/ai-tasks", json={}, headers=new)
    assert "those of the environment" in assert_problem(shipped, 412, "changed")["detail"]


async def test_a_misspelt_limit_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.put("/api/v1/limits/openai", json={"request_per_minute": 5})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/request_per_minute"


async def test_without_redis_the_settings_are_still_shown(
    http: httpx.AsyncClient, api: Api
) -> None:
    client = redis_clients.connect("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    limits = api.app.state.deps.limits
    limits.limiter._desk("ai-tasks").talk._client = client
    pool = (await http.get("/api/v1/limits/ai-tasks")).json()
    assert pool["limits"] is None
    assert pool["settings"]["requests_per_minute"]["amount"] == 20
    await client.aclose()


async def test_caps_on_running_jobs_show_how_many_run(
    http: httpx.AsyncClient, submit: Submit, worker: Worker
) -> None:
    body = {"per_tenant": {"concurrency": 5}, "tenants": {"acme": {"concurrency": 2}}}
    assert (await http.put("/api/v1/limits/running", json=body)).status_code == 200
    await worker.claim((await submit())["id"])
    pool = (await http.get("/api/v1/limits/running")).json()
    shown = {one["whose"]: (one["current"], one["limit"]) for one in pool["limits"]}
    assert shown == {"acme": (0, 2), "default": (1, 5)}


async def test_what_the_pool_of_running_jobs_can_not_hold_is_refused(
    http: httpx.AsyncClient,
) -> None:
    for body in (
        {"concurrency": 5},
        {"per_user": {"concurrency": 5}},
        {"per_tenant": {"requests_per_day": 5}},
        {"tenants": {"acme": {"concurrency": 5, "weight": 2}}},
    ):
        answer = await http.put("/api/v1/limits/running", json=body)
        assert "caps how many jobs" in assert_problem(answer, 422, "invalid_input")["detail"] + str(
            answer.json()["errors"]
        )
