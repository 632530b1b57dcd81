"""Redis is gone in the middle of it: paid providers get nothing, or each process its share."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
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
from haulage.runtime import ports
from haulage.runtime.redis import Redis
from tests.conftest import TestClock

PER_SECOND = Limit(Measure.REQUESTS, 4, Period.SECOND)
POOLS = {
    "paid": Pool("paid", (Limit(Measure.TOKENS, 1000, Period.HOUR),)),
    "free": Pool("free"),
    "shared": Pool("shared", (PER_SECOND,), local_share=0.5),
}


class Server:
    """A Redis that can be killed and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with ports.reserve_free() as port:
            self._port = port.number
        self._running = ExitStack()
        self.url = self.start()

    def start(self) -> str:
        return self._running.enter_context(Redis.start(self._folder, port=self._port)).url

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "redis")
    yield made
    made.stop()


async def use(limiter: Limiter, pool: str, tokens: int = 1) -> None:
    async with limiter.hold(pool, Estimate(tokens)) as held:
        held.settle(Spent(tokens=tokens))


async def test_a_paid_provider_is_closed_until_redis_is_back(server: Server) -> None:
    client = connect(server.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    await limiter.open()
    await use(limiter, "paid")
    server.stop()
    with pytest.raises(RedisAway) as away:
        await use(limiter, "paid")
    assert away.value.retry_after_s > 0
    assert classify(away.value) is Verdict.RETRY
    server.start()
    await use(limiter, "paid")
    await limiter.close()
    await client.aclose()


async def test_jobs_wait_until_redis_is_back_and_longer_the_longer_it_is_gone(
    server: Server,
) -> None:
    client = connect(server.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    breakers = Breakers(client, prefix="haulage:")
    clock = TestClock()
    traffic = LimitedTraffic(limiter, breakers, short_wait_s=1, now=clock.now, random=Random(1))

    async def refused(provider: str) -> Snoozed:
        with pytest.raises(LimiterAway) as away:
            async with traffic.hold(provider, Asker(), tokens=1):
                raise AssertionError("a paid call without a limit")
        return away.value

    server.stop()
    # Without limits too: nobody knows whether the breaker is open.
    for provider in ("paid", "free"):
        away = await refused(provider)
        assert away.holdup == Holdup(HoldupKind.LIMITER, provider)
        assert 2 <= away.delay_s <= 3
    clock.advance(seconds=20)
    assert 20 <= (await refused("paid")).delay_s <= 30
    clock.advance(hours=1)
    assert 30 <= (await refused("paid")).delay_s <= 45
    server.start()
    async with traffic.hold("paid", Asker(), tokens=1):
        pass
    await limiter.close()
    await client.aclose()


async def test_a_local_share_lets_calls_through_the_traffic_too(server: Server) -> None:
    client = connect(server.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    breakers = Breakers(client, prefix="haulage:")
    clock = TestClock()
    traffic = LimitedTraffic(limiter, breakers, short_wait_s=1, now=clock.now, random=Random(1))
    server.stop()
    async with traffic.hold("shared", Asker(), tokens=1):
        pass
    await limiter.close()
    await client.aclose()


async def test_what_was_settled_while_it_was_away_is_told_when_it_is_back(server: Server) -> None:
    client = connect(server.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    await limiter.open()
    async with limiter.hold("paid", Estimate(900)) as held:
        server.stop()
        held.settle(Spent(tokens=700))
    await limiter.drain()
    server.start()
    await limiter.look("paid")
    await limiter.drain()
    assert (await limiter.look("paid")).limits[0].current == 700
    await limiter.close()
    await client.aclose()


async def test_a_local_share_goes_on_at_its_rate(server: Server) -> None:
    client = connect(server.url)
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    await limiter.open()
    server.stop()
    began = time.monotonic()
    await asyncio.gather(*(use(limiter, "shared") for _ in range(4)))
    # Two of the four a second are this process': the third waits for the first one's second.
    assert 1.0 <= time.monotonic() - began < 2.5
    await limiter.close()
    await client.aclose()
