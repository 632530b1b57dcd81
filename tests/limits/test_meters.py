"""How the limits stand, as Prometheus reads it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random

import pytest
import redis.asyncio as redis
from prometheus_client import REGISTRY

from haulage.domain.limits import Asker, Estimate, Spent
from haulage.limits import meters
from haulage.limits.breaker import Breakers
from haulage.limits.errors import LimitReached
from haulage.limits.limit import Limit, Measure, Period, Pool, Scope
from haulage.limits.limiter import Limiter
from haulage.limits.traffic import LimitedTraffic

POOL = Pool(
    "metered",
    (
        Limit(Measure.REQUESTS, 10, Period.MINUTE),
        Limit(Measure.TOKENS, 1000, Period.HOUR),
        Limit(Measure.REQUESTS, 5, Period.DAY, scope=Scope.TENANT),
        Limit(Measure.CONCURRENCY, 50),
    ),
)


@pytest.fixture
async def limiter(client: "redis.Redis") -> AsyncIterator[Limiter]:
    made = Limiter(client, pools=lambda _: POOL, prefix="haulage:")
    await made.open()
    yield made
    await made.close()


def value(name: str, measure: str, period: str) -> float | None:
    labels = {"pool": "metered", "measure": measure, "period": period}
    return REGISTRY.get_sample_value(name, labels)


async def test_usage_maximum_and_what_is_left_of_each_period(limiter: Limiter) -> None:
    async with limiter.hold("metered", Estimate(300), Asker("acme")) as held:
        held.settle(Spent(tokens=120))
    await limiter.drain()
    shown = await meters.show(limiter, "metered")
    assert sorted(shown) == [("metered", "requests", "minute"), ("metered", "tokens", "hour")]
    assert value("rate_limit_current_usage", "requests", "minute") == 1
    assert value("rate_limit_max_allowed", "tokens", "hour") == 1000
    assert value("rate_limit_remaining", "tokens", "hour") == 880


async def test_tenants_add_no_series(limiter: Limiter) -> None:
    for number in range(8):
        async with limiter.hold("metered", Estimate(1), Asker(f"tenant-{number}")):
            pass
    await limiter.drain()
    await meters.show(limiter, "metered")
    series = [
        sample
        for metric in REGISTRY.collect()
        if metric.name.startswith("rate_limit_")
        for sample in metric.samples
        if sample.labels.get("pool") == "metered" and not sample.name.endswith("_created")
    ]
    assert all(set(one.labels) == {"pool", "measure", "period"} for one in series)
    assert not any("tenant-" in str(one.labels) for one in series)


async def test_a_call_that_must_come_back_is_counted_by_its_period(
    limiter: Limiter, client: "redis.Redis"
) -> None:
    traffic = LimitedTraffic(
        limiter,
        Breakers(client, prefix="haulage:"),
        short_wait_s=1,
        now=lambda: datetime.now(UTC),
        random=Random(1),
    )
    before = value("rate_limit_exceeded_total", "tokens", "hour") or 0
    async with traffic.hold("metered", Asker(), tokens=900):
        pass
    with pytest.raises(LimitReached):
        async with traffic.hold("metered", Asker(), tokens=900):
            pass
    assert value("rate_limit_exceeded_total", "tokens", "hour") == before + 1
