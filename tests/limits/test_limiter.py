"""The face: holds over a real Redis, in real time where a moment is what is promised."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import redis.asyncio as redis

from haulage.domain.limits import Asker, Estimate, Spent, Wait
from haulage.limits.errors import NeverFits
from haulage.limits.limit import Limit, Measure, Period, Pool, Strategy
from haulage.limits.limiter import Hold, Limiter

POOLS = {
    "fifty": Pool("fifty", (Limit(Measure.REQUESTS, 50, Period.SECOND, Strategy.BUCKET, burst=6),)),
    "one": Pool("one", (Limit(Measure.CONCURRENCY, 1),)),
    "tokens": Pool("tokens", (Limit(Measure.TOKENS, 1000, Period.HOUR),)),
}


@pytest.fixture
async def limiters(client: "redis.Redis") -> AsyncIterator[tuple[Limiter, Limiter]]:
    """Two processes' worth, on one loop."""
    both = tuple(Limiter(client, pools=POOLS.__getitem__, prefix="haulage:") for _ in range(2))
    for limiter in both:
        await limiter.open()
    yield both[0], both[1]
    for limiter in both:
        await limiter.close()


async def test_each_waiter_fires_at_its_own_moment(limiters: tuple[Limiter, Limiter]) -> None:
    fired: list[float] = []

    async def call(limiter: Limiter) -> None:
        async with limiter.hold("fifty", Estimate()):
            fired.append(time.monotonic())

    began = time.monotonic()
    await asyncio.gather(*(call(limiters[n % 2]) for n in range(31)))
    # One goes at once: five of the burst of six are kept for what may arrive late.
    assert fired[-1] - began >= 30 * 0.02 - 0.02
    # Whoever polled, or waited for a whole period, would come after half a minute.
    assert fired[-1] - began < 10


async def test_a_settlement_wakes_who_waits_in_another_process(
    limiters: tuple[Limiter, Limiter],
) -> None:
    async with AsyncExitStack() as holding:
        await holding.enter_async_context(limiters[0].hold("one", Estimate()))
        second = asyncio.ensure_future(_enter(limiters[1].hold("one", Estimate())))
        await _until_it_waits(limiters[1], "one")
        assert not second.done()
    await asyncio.wait_for(second, 20)


async def test_a_cancelled_wait_leaves_nothing_behind(limiters: tuple[Limiter, Limiter]) -> None:
    async with limiters[0].hold("one", Estimate()):
        waiting = asyncio.ensure_future(_enter(limiters[1].hold("one", Estimate())))
        await _until_it_waits(limiters[1], "one")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(20), limiters[0].hold("one", Estimate()):
        pass


async def test_what_is_not_settled_counts_as_estimated(
    limiters: tuple[Limiter, Limiter],
) -> None:
    async with limiters[0].hold("tokens", Estimate(600, 400)):
        pass
    waiting = await limiters[0].try_hold("tokens", Estimate(1), id="next")
    assert isinstance(waiting, Wait)
    assert waiting.limit == "tokens per hour"
    assert 3600 <= waiting.wait_s <= 3640


async def test_trying_says_when_to_come_again_and_lets_through_then(
    limiters: tuple[Limiter, Limiter],
) -> None:
    async with limiters[0].hold("tokens", Estimate(1000)) as held:
        assert isinstance(await limiters[1].try_hold("tokens", Estimate(500), id="x"), Wait)
        held.settle(Spent(tokens=500))
    await limiters[0].drain()
    again = await limiters[1].try_hold("tokens", Estimate(500), id="x")
    assert isinstance(again, Hold)
    async with again:
        pass


async def test_a_call_too_large_for_a_limit_is_refused_in_words(
    limiters: tuple[Limiter, Limiter],
) -> None:
    with pytest.raises(NeverFits, match="tokens per hour"):
        async with limiters[0].hold("tokens", Estimate(1001), Asker(tenant="acme")):
            pass


async def _enter(hold: Hold) -> None:
    async with hold:
        pass


async def _until_it_waits(limiter: Limiter, pool: str) -> None:
    async with asyncio.timeout(20):
        while not limiter.waiting(pool):  # noqa: ASYNC110 - the answer comes over a socket
            await asyncio.sleep(0.005)
