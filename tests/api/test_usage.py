"""Usage of language models over HTTP."""

import httpx
import pytest

from haulage.domain.ids import uuid7
from haulage.domain.language_model import ModelUsage
from haulage.engine.services import Services
from haulage.storage.usage_store import UsageStore, UsedCall
from tests.api.conftest import assert_problem
from tests.conftest import TestClock


async def used(services: Services, clock: TestClock, tenant: str = "default") -> None:
    call = UsedCall(uuid7(), clock.now(), tenant, "openai", "m", ModelUsage(1, 10, 5, 0.25))
    await UsageStore(services.database).add([call])


async def test_usage_is_told_by_day_and_model_with_its_sum(
    http: httpx.AsyncClient, services: Services, clock: TestClock
) -> None:
    await used(services, clock)
    clock.advance(days=1)
    await used(services, clock)
    page = (await http.get("/api/v1/usage")).json()
    assert (page["since"], page["until"]) == ("2029-12-04", "2030-01-02")
    assert [row["day"] for row in page["data"]] == ["2030-01-02", "2030-01-01"]
    assert page["data"][0]["cost"] == 0.25
    assert page["total"] == {
        "calls": 2,
        "input_tokens": 20,
        "output_tokens": 10,
        "cost": 0.5,
        "unpriced_calls": 0,
    }


async def test_days_can_be_picked(
    http: httpx.AsyncClient, services: Services, clock: TestClock
) -> None:
    await used(services, clock)
    days = {"since": "2030-01-02", "until": "2030-01-31"}
    assert (await http.get("/api/v1/usage", params=days)).json()["data"] == []


async def test_another_tenants_usage_is_not_shown(
    http: httpx.AsyncClient, services: Services, clock: TestClock
) -> None:
    await used(services, clock, tenant="other")
    assert (await http.get("/api/v1/usage")).json()["data"] == []


@pytest.mark.parametrize(
    "query", [{"since": "2030-02-01", "until": "2030-01-01"}, {"since": "soon"}, {"from": "x"}]
)
async def test_days_that_make_no_sense_are_refused(
    http: httpx.AsyncClient, query: dict[str, str]
) -> None:
    assert_problem(await http.get("/api/v1/usage", params=query), 400, "invalid_query")
