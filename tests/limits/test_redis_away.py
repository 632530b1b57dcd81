"""Redis is gone in the middle of it: paid providers get nothing, or each process its share."""

import asyncio
import time
from itertools import pairwise
from random import Random

import pytest

from haulage.domain.errors import Snoozed, Verdict, classify
from haulage.domain.holdup import Holdup, HoldupKind
from haulage.domain.limits import Asker, Estimate, Spent
from haulage.limits.breaker import Breakers
from haulage.limits.errors import LimiterAway, RedisAway
from haulage.limits.installation import connect
from haulage.limits.limit import Limit, Measure, Period, Pool
from haulage.limits.limiter import Limiter
from haulage.limits.traffic import LimitedTraffic
from tests.conftest import TestClock
from tests.limits.conftest import OwnRedis

PER_SECOND = Limit(Measure.REQUESTS, 4, Period.SECOND)
POOLS = {
    "paid": Pool("paid", (Limit(Measure.TOKENS, 1000, Period.HOUR),)),
    "free": Pool("free"),
    "shared": Pool("shared", (PER_SECOND,), local_share=0.5),
}


async def use(limiter: Limiter, pool: str, tokens: int = 1) -> None:
    async with limiter.hold(pool, Estimate(tokens)) as held:
        held.settle(Spent(tokens=tokens))


async def test_a_paid_provider_is_closed_until_redis_is_back(own_redis: OwnRedis) -> None:
    client = connect(own_redis.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    await limiter.open()
    await use(limiter, "paid")
    own_redis.stop()
    with pytest.raises(RedisAway) as away:
        await use(limiter, "paid")
    assert away.value.retry_after_s > 0
    assert classify(away.value) is Verdict.RETRY
    own_redis.start()
    await use(limiter, "paid")
    await limiter.close()
    await client.aclose()


async def test_jobs_wait_until_redis_is_back_and_longer_the_longer_it_is_gone(
    own_redis: OwnRedis,
) -> None:
    client = connect(own_redis.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    breakers = Breakers(client, prefix="haulage:")
    clock = TestClock()
    traffic = LimitedTraffic(limiter, breakers, short_wait_s=1, now=clock.now, random=Random(1))

    async def refused(provider: str) -> Snoozed:
        with pytest.raises(LimiterAway) as away:
            async with traffic.hold(provider, Asker(), tokens=1):
                raise AssertionError("a paid call without a limit")
        return away.value

    own_redis.stop()
    # Without limits too: nobody knows whether the breaker is open.
    for provider in ("paid", "free"):
        away = await refused(provider)
        assert away.holdup == Holdup(HoldupKind.LIMITER, provider)
        assert 2 <= away.delay_s <= 3
    clock.advance(seconds=20)
    assert 20 <= (await refused("paid")).delay_s <= 30
    clock.advance(hours=1)
    assert 30 <= (await refused("paid")).delay_s <= 45
    own_redis.start()
    async with traffic.hold("paid", Asker(), tokens=1):
        pass
    await limiter.close()
    await client.aclose()


async def test_a_local_share_lets_calls_through_the_traffic_too(own_redis: OwnRedis) -> None:
    client = connect(own_redis.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    breakers = Breakers(client, prefix="haulage:")
    clock = TestClock()
    traffic = LimitedTraffic(limiter, breakers, short_wait_s=1, now=clock.now, random=Random(1))
    own_redis.stop()
    async with traffic.hold("shared", Asker(), tokens=1):
        pass
    await limiter.close()
    await client.aclose()


async def test_what_was_settled_while_it_was_away_is_told_when_it_is_back(
    own_redis: OwnRedis,
) -> None:
    client = connect(own_redis.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    await limiter.open()
    async with limiter.hold("paid", Estimate(900)) as held:
        own_redis.stop()
        held.settle(Spent(tokens=700))
    await limiter.drain()
    own_redis.start()
    await limiter.look("paid")
    await limiter.drain()
    assert (await limiter.look("paid")).limits[0].current == 700
    await limiter.close()
    await client.aclose()


async def test_a_local_share_goes_on_at_its_rate(own_redis: OwnRedis) -> None:
    client = connect(own_redis.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    await limiter.open()
    own_redis.stop()
    moments: list[float] = []

    async def call() -> None:
        await use(limiter, "shared")
        moments.append(time.monotonic())

    began = time.monotonic()
    await asyncio.gather(*(call() for _ in range(4)))
    # Two of the four a second are this process': the third waits for the first one's second, and
    # the fourth does not wait for the third one's.
    assert moments[2] - began >= 1.0
    gaps = [later - one for one, later in pairwise(moments)]
    assert gaps[1] == max(gaps)
    assert gaps[0] + gaps[2] < 1.0
    await limiter.close()
    await client.aclose()
