"""The road to the providers: limits, the breaker, and what refusals and headers do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random

import pytest
import redis.asyncio as redis

from haulage.domain.errors import Snoozed
from haulage.domain.holdup import Holdup, HoldupKind
from haulage.domain.limits import Asker
from haulage.domain.provider_errors import ProviderRefused, ProviderUnavailable, RateLimited
from haulage.limits.breaker import Breakers, BreakerState
from haulage.limits.errors import BreakerOpen, LimitReached
from haulage.limits.limit import Limit, Measure, Period, Pool
from haulage.limits.limiter import Limiter
from haulage.limits.traffic import LimitedTraffic

ACME = Asker("acme", "m")
POOLS = {
    "openai": Pool("openai", (Limit(Measure.TOKENS, 1000, Period.HOUR),)),
    "free": Pool("free"),
}


class Road:
    """Traffic, and calls on it that end as they are told."""

    def __init__(self, client: "redis.Redis") -> None:
        self.limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
        self.breakers = Breakers(client, prefix="haulage:")
        self.traffic = LimitedTraffic(
            self.limiter,
            self.breakers,
            short_wait_s=1.0,
            now=lambda: datetime.now(UTC),
            random=Random(1),
        )

    async def call(
        self,
        provider: str = "openai",
        *,
        tokens: int = 100,
        used: int | None = None,
        headers: dict[str, str] | None = None,
        error: Exception | None = None,
        asker: Asker = ACME,
        ticket: str | None = None,
    ) -> None:
        hold = self.traffic.hold(provider, asker, tokens=tokens, ticket=ticket)
        async with hold as passing:
            passing.observe(headers or {})
            if error is not None:
                raise error
            if used is not None:
                passing.settle(input_tokens=used, output_tokens=0)

    async def used(self) -> int:
        await self.limiter.drain()
        return (await self.limiter.look("openai")).limits[0].current


@pytest.fixture
async def road(client: "redis.Redis") -> AsyncIterator[Road]:
    made = Road(client)
    await made.limiter.open()
    yield made
    await made.limiter.close()


async def test_a_call_counts_what_it_used(road: Road) -> None:
    await road.call(tokens=900, used=250)
    assert await road.used() == 250


async def test_a_long_wait_is_a_snooze_that_says_how_long(road: Road) -> None:
    await road.call(tokens=1000)
    with pytest.raises(LimitReached, match="tokens per hour") as reached:
        await road.call()
    assert isinstance(reached.value, Snoozed)
    assert 3590 < reached.value.delay_s < 3650


async def test_a_caller_with_a_name_keeps_its_place_in_line(road: Road) -> None:
    await road.call(tokens=1000)
    with pytest.raises(LimitReached):
        await road.call(tokens=600, ticket="job-7")
    with pytest.raises(LimitReached) as behind:
        await road.call(tokens=600)
    # No hour has room for both.
    assert behind.value.delay_s > 2 * 3600 - 1


async def test_a_refusal_freezes_the_model_and_costs_no_tokens(road: Road) -> None:
    with pytest.raises(RateLimited):
        await road.call(error=RateLimited("429"), headers={"retry-after": "30"})
    with pytest.raises(LimitReached, match="refusal") as reached:
        await road.call()
    assert 25 < reached.value.delay_s <= 30
    assert reached.value.holdup == Holdup(HoldupKind.PROVIDER, "openai", reached.value.wait.limit)
    assert await road.used() == 0


async def test_failures_of_the_provider_open_its_breaker(road: Road) -> None:
    for _ in range(5):
        with pytest.raises(ProviderUnavailable):
            await road.call(error=ProviderUnavailable("503"))
    with pytest.raises(BreakerOpen) as refused:
        await road.call()
    assert 55 < refused.value.delay_s <= 60
    assert await road.used() == 0


async def test_our_own_faults_do_not(road: Road) -> None:
    for _ in range(6):
        with pytest.raises(ProviderRefused):
            await road.call("free", error=ProviderRefused("400"))
    assert (await road.breakers.look("free")).state is BreakerState.CLOSED


async def test_models_at_home_need_no_redis(road: Road) -> None:
    before = road.limiter.calls
    await road.call("local")
    await road.call("fake")
    assert road.limiter.calls == before
