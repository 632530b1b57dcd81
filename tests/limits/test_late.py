"""Calls whose process stands still: none goes together with those whose moment is now, and what
they give up is given to others as far as it is still there."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from haulage.domain.limits import Estimate
from haulage.limits.clock import RedisClock
from haulage.limits.limit import Limit, Measure, Period, Pool, Strategy
from haulage.limits.limiter import Limiter
from tests.limits.conftest import Line

RATE, BURST, SLACK_S = 50, 12, 0.1
BUCKET = Limit(Measure.REQUESTS, RATE, Period.SECOND, Strategy.BUCKET, burst=BURST)
POOL = Pool("strict", (BUCKET,), slack_s=SLACK_S)
TEN_A_SECOND = Limit(Measure.REQUESTS, 10, Period.SECOND, Strategy.BUCKET, burst=3)


class Provider:
    """A bucket of the whole burst that counts when a call goes, with the loop's clock."""

    def __init__(self) -> None:
        self.clock = asyncio.get_running_loop().time
        self.held, self.at = float(BURST), self.clock()
        self.refused = 0
        self.order: list[int] = []

    def arrive(self, number: int) -> None:
        now = self.clock()
        self.held = min(BURST, self.held + (now - self.at) * RATE)
        self.at = now
        self.order.append(number)
        if self.held < 1:
            self.refused += 1
        else:
            self.held -= 1


@pytest.fixture
async def limiters(client: "redis.Redis") -> AsyncIterator[list[Limiter]]:
    """Two processes, as far as Redis can tell."""
    made = [Limiter(client, pools=lambda _: POOL, prefix="haulage:") for _ in range(2)]
    for one in made:
        await one.open()
    yield made
    for one in made:
        await one.close()


async def test_a_loop_that_is_held_up_breaches_nothing_and_keeps_the_order(
    limiters: list[Limiter],
) -> None:
    provider = Provider()

    async def call(number: int) -> None:
        # Asked in this order, whatever the loop does meanwhile.
        hold = limiters[number % 2].hold("strict", Estimate())
        async with hold:
            provider.arrive(number)

    calls = [asyncio.create_task(call(number)) for number in range(150)]
    loop = asyncio.get_running_loop()
    for at in (0.4, 0.8, 1.2, 1.5):
        loop.call_later(at, time.sleep, 0.3)
    await asyncio.gather(*calls)
    assert provider.refused == 0
    # Those that were late go before who has waited behind them. At the back each of the four times
    # would have moved everybody by the 15 who were due meanwhile; a busy machine adds its own.
    moved = sorted(abs(place - number) for place, number in enumerate(provider.order))
    assert moved[len(moved) // 2] <= 30


async def test_who_is_late_at_the_first_byte_waits_for_another_moment(
    limiters: list[Limiter],
) -> None:
    hold = limiters[0].hold("strict", Estimate())
    await hold.book()
    time.sleep(SLACK_S)  # noqa: ASYNC251 - the loop stands still
    first = hold._grant
    await hold.depart()
    assert hold._grant is not first
    await hold.__aexit__(None, None, None)


async def test_a_refusal_stops_those_that_were_let_through_already(
    limiters: list[Limiter],
) -> None:
    hold = limiters[0].hold("strict", Estimate())
    await hold.book()
    began = asyncio.get_running_loop().time()
    limiters[0].brake("strict", "", 0.4)
    await hold.depart()
    assert asyncio.get_running_loop().time() - began >= 0.39
    await hold.__aexit__(None, None, None)


async def test_a_bucket_takes_back_what_nobody_used(client: "redis.Redis") -> None:
    line = Line(client, TEN_A_SECOND)
    for name in ("a", "b", "c"):
        assert (await line.take(name))[:2] == ["granted", 0]
    line.ms = 100
    for name, at in (("d", 100), ("e", 200), ("f", 300)):
        assert (await line.take(name))[:2] == ["granted", at]
    line.ms = 250
    await line.cancel("f")
    assert (await line.take("g"))[:2] == ["granted", 300]


async def test_a_bucket_that_would_have_overflowed_takes_nothing_back(
    client: "redis.Redis",
) -> None:
    line = Line(client, TEN_A_SECOND)
    assert (await line.take("unused"))[:2] == ["granted", 0]
    line.ms = 1_000
    for name in ("a", "b", "c"):
        assert (await line.take(name))[:2] == ["granted", 1_000]
    # The bucket was full again at 100: without the first taking it would have been no fuller.
    await line.cancel("unused")
    assert (await line.take("d"))[:2] == ["granted", 1_100]


async def test_answers_that_are_heard_late_leave_the_clocks_as_they_are(
    client: "redis.Redis",
) -> None:
    clock = RedisClock()
    await clock.read(client)
    loop = asyncio.get_running_loop()
    known = clock.local_moment(0)
    for _ in range(20):
        sent_at = loop.time()
        asked = asyncio.ensure_future(client.time())
        await asyncio.sleep(0)
        loop.call_soon(time.sleep, 0.02)
        seconds, microseconds = await asked
        now_ms = 1000 * int(seconds) + int(microseconds) // 1000
        clock.compare(now_ms, sent_at=sent_at, heard_at=loop.time())
    assert abs(clock.local_moment(0) - known) < 0.005


async def test_a_clock_that_was_set_is_followed() -> None:
    clock = RedisClock()
    clock.compare(1_000_000, sent_at=50.0, heard_at=50.001)
    clock.compare(1_010_000, sent_at=50.0, heard_at=50.001)
    assert clock.local_moment(1_010_000) == pytest.approx(50.0, abs=0.002)
    clock.compare(1_000_000, sent_at=50.0, heard_at=50.001)
    assert clock.local_moment(1_000_000) == pytest.approx(50.0, abs=0.002)
