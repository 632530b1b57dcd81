"""What callers may take: requests, and jobs by their type, each caller for itself."""

from collections.abc import AsyncIterator

import httpx
import pytest

from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.callers import TOKENS, Callers, callers, token_of
from tests.api.conftest import assert_problem

JOBS = "/api/v1/jobs"
GOOD = {"type": "speak", "input": {"text": "hello"}}


@pytest.fixture
async def gated(settings: Settings, services: Services) -> AsyncIterator[Callers]:
    async with callers(settings, services) as made:
        yield made


async def limit(gated: Callers, pool: str, **body: object) -> httpx.AsyncClient:
    admin = await gated.of(Scope.ADMIN, tenant="operators")
    assert (await admin.put(f"/api/v1/limits/{pool}", json=body)).status_code == 200
    return admin


async def test_jobs_of_a_type_are_limited_for_each_key(gated: Callers) -> None:
    await limit(gated, "jobs:speak", per_key={"requests_per_hour": 2})
    one, other = await gated.of(Scope.SUBMIT), await gated.of(Scope.SUBMIT)
    for client in (one, one, other):
        assert (await client.post(JOBS, json=GOOD)).status_code == 202
    answer = await one.post(JOBS, json=GOOD)
    assert_problem(answer, 429, "over_limit")
    assert answer.headers["ratelimit-policy"] == '"jobs:speak";q=2;w=3600'
    assert answer.headers["ratelimit"].startswith('"jobs:speak";r=0;t=')
    assert 3500 < int(answer.headers["retry-after"]) <= 3700
    assert (await other.post(JOBS, json=GOOD)).status_code == 202
    kept = {"type": "keep", "input": {"value": 1}}
    assert (await one.post(JOBS, json=kept)).status_code == 202, "another type"


async def test_several_types_may_share_a_limit(gated: Callers) -> None:
    await limit(gated, "jobs:documents", types=["speak", "keep"], per_key={"requests_per_hour": 2})
    one, other = await gated.of(Scope.SUBMIT), await gated.of(Scope.SUBMIT)
    kept = {"type": "keep", "input": {"value": 1}}
    assert (await one.post(JOBS, json=GOOD)).status_code == 202
    assert (await one.post(JOBS, json=kept)).status_code == 202
    for body in (GOOD, kept):
        answer = await one.post(JOBS, json=body)
        assert_problem(answer, 429, "over_limit")
        assert answer.headers["ratelimit-policy"] == '"jobs:documents";q=2;w=3600'
    assert (await other.post(JOBS, json=kept)).status_code == 202


async def test_ten_documents_an_hour_for_each_user_whatever_their_kind(
    settings: Settings, services: Services
) -> None:
    # Row E6: a user is the `sub` of a token.
    async with callers(settings, services, **TOKENS) as gated:
        await limit(
            gated, "jobs:documents", types=["speak", "keep"], per_user={"requests_per_hour": 10}
        )
        ada = await gated.client(token_of("ada", services))
        bob = await gated.client(token_of("bob", services))
        kept = {"type": "keep", "input": {"value": 1}}
        said = [(await ada.post(JOBS, json=body)).status_code for body in [GOOD, kept] * 6]
        assert said == [202] * 10 + [429] * 2
        assert (await bob.post(JOBS, json=GOOD)).status_code == 202


async def test_a_limit_over_types_that_nobody_can_submit_is_refused(gated: Callers) -> None:
    admin = await gated.of(Scope.ADMIN)
    body = {"types": ["speek"], "per_key": {"requests_per_hour": 2}}
    answer = await admin.put("/api/v1/limits/jobs:documents", json=body)
    (fault,) = assert_problem(answer, 422, "invalid_input")["errors"]
    assert fault["pointer"] == "/types"
    assert "Did you mean 'speak'?" in fault["message"]
    body["types"] = ["speak"]
    assert (await admin.put("/api/v1/limits/openai", json=body)).status_code == 422


async def test_a_refused_batch_takes_nothing(gated: Callers) -> None:
    await limit(gated, "jobs", per_tenant={"requests_per_hour": 3})
    client = await gated.of(Scope.SUBMIT)
    assert (await client.post(f"{JOBS}/batch", json={"jobs": [GOOD] * 2})).status_code == 202
    assert (await client.post(f"{JOBS}/batch", json={"jobs": [GOOD] * 2})).status_code == 429
    assert (await client.post(JOBS, json=GOOD)).status_code == 202
    assert (await client.post(JOBS, json=GOOD)).status_code == 429
    never = await client.post(f"{JOBS}/batch", json={"jobs": [GOOD] * 4})
    assert_problem(never, 422, "invalid_input")


async def test_a_repeated_submit_counts_once(gated: Callers) -> None:
    await limit(gated, "jobs", per_tenant={"requests_per_hour": 1})
    client = await gated.of(Scope.SUBMIT)
    for _ in range(3):
        answer = await client.post(JOBS, json=GOOD, headers={"Idempotency-Key": "same"})
        assert answer.status_code == 202


async def test_requests_are_limited_for_each_tenant(gated: Callers) -> None:
    admin = await limit(gated, "requests", per_tenant={"requests_per_minute": 3})
    one = await gated.of(Scope.READ)
    other = await gated.of(Scope.READ, tenant="beta")
    said = [(await one.get(JOBS)).status_code for _ in range(4)]
    assert said == [200, 200, 200, 429]
    assert (await other.get(JOBS)).status_code == 200
    assert (await one.get("/health")).status_code == 200
    assert (await admin.delete("/api/v1/limits/requests")).status_code == 204
    assert (await one.get(JOBS)).status_code == 200


async def test_an_answer_says_what_is_left_of_each_limit_it_counted_for(gated: Callers) -> None:
    await limit(gated, "jobs:speak", per_key={"requests_per_hour": 5, "requests_per_day": 100})
    await limit(gated, "requests", per_tenant={"requests_per_minute": 60})
    client = await gated.of(Scope.SUBMIT, Scope.READ)
    answer = await client.post(f"{JOBS}/batch", json={"jobs": [GOOD] * 2})
    assert answer.headers["ratelimit-policy"] == '"requests";q=60;w=60, "jobs:speak";q=5;w=3600'
    of_requests, of_jobs = answer.headers["ratelimit"].split(", ")
    assert of_requests.startswith('"requests";r=59;t=')
    assert of_jobs.startswith('"jobs:speak";r=3;t=')
    assert 3500 < int(of_jobs.rpartition("=")[2]) <= 3700
    missing = await client.get(f"{JOBS}/none")
    assert missing.headers["ratelimit"].startswith('"requests";r=58;t='), "also what is refused"


async def test_a_refusal_tells_of_the_limit_that_refuses_alone(gated: Callers) -> None:
    await limit(gated, "jobs", per_tenant={"requests_per_hour": 1})
    await limit(gated, "requests", per_tenant={"requests_per_minute": 60})
    client = await gated.of(Scope.SUBMIT)
    await client.post(JOBS, json=GOOD)
    answer = await client.post(JOBS, json=GOOD)
    assert_problem(answer, 429, "over_limit")
    assert answer.headers["ratelimit-policy"] == '"jobs";q=1;w=3600'
    assert answer.headers.get_list("ratelimit") == [answer.headers["ratelimit"]]


async def test_what_is_left_is_asked_in_the_same_call(gated: Callers) -> None:
    await limit(gated, "requests", per_tenant={"requests_per_minute": 60})
    client = await gated.of(Scope.READ)
    await client.get(JOBS)
    limiter = gated.api.app.state.deps.limits.limiter
    await limiter.drain()
    before = limiter.calls
    await client.get(JOBS)
    await limiter.drain()
    # Its turn with what is left, and later its settlement.
    assert limiter.calls <= before + 2


async def test_who_is_under_no_limit_is_told_of_none(gated: Callers) -> None:
    await limit(gated, "requests", tenants={"beta": {"requests_per_minute": 60}})
    answer = await (await gated.of(Scope.READ)).get(JOBS)
    assert "ratelimit" not in answer.headers


async def test_without_a_limit_redis_is_not_asked(gated: Callers) -> None:
    limiter = gated.api.app.state.deps.limits.limiter
    before = limiter.calls
    await (await gated.of(Scope.SUBMIT)).post(JOBS, json=GOOD)
    assert limiter.calls == before
