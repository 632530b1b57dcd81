"""Breakers that listen: they ask seldom, and know of a change at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from haulage.limits.breaker import BreakerRule, Breakers, BreakerState
from haulage.limits.errors import BreakerOpen

RULE = BreakerRule(failures=3, open_s=60)
QUICK = BreakerRule(failures=3, open_s=0.2)


@pytest.fixture
def rule() -> BreakerRule:
    return RULE


@pytest.fixture
async def pair(
    client: "redis.Redis", rule: BreakerRule
) -> AsyncIterator[tuple[Breakers, Breakers]]:
    """Two processes' worth, on one loop."""
    both = tuple(Breakers(client, prefix="haulage:", rule=lambda _: rule) for _ in range(2))
    for breakers in both:
        await breakers.open()
    yield both[0], both[1]
    for breakers in both:
        await breakers.close()


async def call(breakers: Breakers, error: Exception | None = None) -> None:
    await breakers.require_not_open("openai")
    async with breakers.guard("openai"):
        if error is not None:
            raise error


async def fail(breakers: Breakers, times: int) -> None:
    for _ in range(times):
        with pytest.raises(RuntimeError):
            await call(breakers, RuntimeError("503"))


async def until_known(breakers: Breakers, *, failures: int) -> None:
    """What another process said comes over a socket."""

    def knows() -> bool:
        known = breakers._known.get("openai")
        return known is not None and known.failures == failures

    async with asyncio.timeout(20):
        while not knows():  # noqa: ASYNC110 - it comes over a socket
            await asyncio.sleep(0.002)


async def until_worth_asking(breakers: Breakers) -> None:
    """Redis' clock is a real one."""
    async with asyncio.timeout(20):
        while (await breakers.look("openai")).wait_s > 0:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def test_a_hundred_calls_of_a_closed_one_ask_once(pair: tuple[Breakers, Breakers]) -> None:
    await asyncio.gather(*(call(pair[0]) for _ in range(50)))
    for _ in range(50):
        await call(pair[0])
    assert pair[0].calls == 1


async def test_one_that_another_process_opens_is_known_to_be_open(
    pair: tuple[Breakers, Breakers],
) -> None:
    await call(pair[1])
    await fail(pair[0], 3)
    await until_known(pair[1], failures=3)
    before = pair[1].calls
    with pytest.raises(BreakerOpen):
        await call(pair[1])
    assert pair[1].calls == before


async def test_a_success_elsewhere_ends_the_row_of_failures(
    pair: tuple[Breakers, Breakers],
) -> None:
    await call(pair[1])
    await fail(pair[0], 2)
    await until_known(pair[1], failures=2)
    await call(pair[1])
    await until_known(pair[0], failures=0)
    await fail(pair[0], 2)
    await call(pair[0])


@pytest.mark.parametrize("rule", [QUICK], ids=["open for a moment"])
async def test_one_probe_over_all_processes_and_the_others_come_back_spread(
    pair: tuple[Breakers, Breakers],
) -> None:
    await fail(pair[0], 3)
    await asyncio.gather(*map(until_worth_asking, pair))
    probes, release, waits = 0, asyncio.Event(), []

    async def slow(breakers: Breakers) -> None:
        nonlocal probes
        try:
            async with breakers.guard("openai"):
                probes += 1
                await release.wait()
        except BreakerOpen as refused:
            waits.append(refused.delay_s)
            if len(waits) == 49:
                release.set()

    async with asyncio.timeout(20):
        await asyncio.gather(*(slow(pair[number % 2]) for number in range(50)))
    assert probes == 1
    # The first of each process after a second; then twice as many in each second.
    assert max(waits) > 4
    assert len({round(wait, 2) for wait in waits}) > 20
    assert (await pair[0].look("openai")).state is BreakerState.CLOSED
