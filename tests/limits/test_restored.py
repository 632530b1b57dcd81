"""Redis forgets everything: what lasts comes back from PostgreSQL, what is alive is told again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import redis.asyncio as redis

from haulage.domain.clock import SystemClock
from haulage.domain.errors import Unavailable
from haulage.domain.limits import Asker, Estimate, Spent, Wait
from haulage.limits.hold import Hold
from haulage.limits.ledger import Ledger
from haulage.limits.limit import Limit, Measure, Period, Pool, Scope, Strategy
from haulage.limits.limiter import Limiter
from haulage.storage.database import Database
from haulage.storage.limit_store import LimitStore
from tests.limits.conftest import NOON_MS, Line

ACME = Asker("acme")
POOL = Pool(
    "openai",
    (
        Limit(Measure.TOKENS, 1000, Period.DAY),
        Limit(Measure.REQUESTS, 3, Period.MONTH, Strategy.FIXED, scope=Scope.TENANT),
        Limit(Measure.CONCURRENCY, 2),
    ),
)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def limiter(client: "redis.Redis", database: Database) -> AsyncIterator[Limiter]:
    ledger = Ledger(LimitStore(database, SystemClock()), now)
    made = Limiter(client, pools=lambda _: POOL, prefix="haulage:", ledger=ledger, unwritten_s=0)
    await made.open()
    yield made
    await made.close()
    await ledger.close()


async def use(limiter: Limiter, tokens: int) -> None:
    async with limiter.hold("openai", Estimate(tokens), ACME) as held:
        held.settle(Spent(tokens=tokens))


async def test_after_a_flush_the_day_and_the_month_are_as_they_were(
    limiter: Limiter, client: "redis.Redis"
) -> None:
    await use(limiter, 700)
    await use(limiter, 200)
    await limiter.drain()
    await client.flushdb()
    refused = await limiter.try_hold("openai", Estimate(150), ACME, id="large")
    assert isinstance(refused, Wait)
    assert refused.limit == "tokens per day"
    await use(limiter, 100)
    refused = await limiter.try_hold("openai", Estimate(0), ACME, id="fourth")
    assert isinstance(refused, Wait)
    assert refused.limit == "requests per month of each tenant"


async def test_calls_under_way_are_counted_again_and_settled_once(
    limiter: Limiter, client: "redis.Redis"
) -> None:
    async with limiter.hold("openai", Estimate(400), ACME) as held:
        await client.flushdb()
        # The first call after the loss notices it.
        async with limiter.hold("openai", Estimate(100), ACME):
            await limiter.drain()
            third = await limiter.try_hold("openai", Estimate(1), ACME, id="third")
            assert isinstance(third, Wait)
        held.settle(Spent(tokens=300))
    await limiter.drain()
    view = await limiter.look("openai")
    assert {one.limit.name: one.current for one in view.limits} == {
        "concurrency": 0,
        "requests per month of each tenant": 2,
        "tokens per day": 400,
    }


async def test_a_call_under_way_does_not_keep_the_day_from_being_restored(
    limiter: Limiter, client: "redis.Redis"
) -> None:
    await use(limiter, 500)
    async with limiter.hold("openai", Estimate(400), ACME):
        await limiter.drain()
        await client.flushdb()
        await limiter.look("openai")
        await limiter.drain()
        # The day's 500 and the 400 under way: no more than 100 are left.
        refused = await limiter.try_hold("openai", Estimate(101), ACME, id="large")
        assert isinstance(refused, Wait)
        assert refused.limit == "tokens per day"


async def test_who_waits_in_line_stands_in_line_again(
    limiter: Limiter, client: "redis.Redis"
) -> None:
    async def enter() -> None:
        async with limiter.hold("openai", Estimate(1), ACME):
            pass

    async with limiter.hold("openai", Estimate(1), ACME), limiter.hold("openai", Estimate(1)):
        third = asyncio.ensure_future(enter())
        async with asyncio.timeout(20):
            while not limiter.waiting("openai"):  # noqa: ASYNC110 - the answer comes by socket
                await asyncio.sleep(0.005)
        await client.flushdb()
        await limiter.look("openai")
        await limiter.drain()
        assert not third.done()
    await asyncio.wait_for(third, 20)


async def test_a_counter_is_restored_once_however_many_try(client: "redis.Redis") -> None:
    line = Line(client, Limit(Measure.TOKENS, 1000, Period.DAY))
    ref = line.taking("a")[2].split("\n")[2]
    said = await line.call(
        ["restore", ref, [[NOON_MS - 900_000, 600]]], ["restore", ref, [[NOON_MS - 900_000, 600]]]
    )
    assert said["answers"] == [["restored"], ["known"]]
    assert (await line.take("a", tokens=400))[0] == "granted"
    assert (await line.take("b", tokens=1))[0] == "wait"


async def test_a_settlement_redis_forgot_is_counted(client: "redis.Redis") -> None:
    line = Line(client, Limit(Measure.TOKENS, 1000, Period.MINUTE))
    born = (await line.call(line.taking("a", tokens=900)))["generation"]
    await client.flushdb()
    line.ms = 1
    assert await line.settle("a", tokens=900, born=born) == "settled"
    assert (await line.take("b", tokens=101))[0] == "wait"


async def test_without_postgresql_what_lasts_waits(
    client: "redis.Redis", database: Database
) -> None:
    class Away(LimitStore):
        away = True

        async def since(self, *given):  # type: ignore[no-untyped-def]
            if self.away:
                raise Unavailable("away")
            return await super().since(*given)

    store = Away(database, SystemClock())
    ledger = Ledger(store, now)
    limiter = Limiter(client, pools=lambda _: POOL, prefix="haulage:", ledger=ledger, unwritten_s=0)
    await limiter.open()
    entering = asyncio.ensure_future(limiter.hold("openai", Estimate(1), ACME).__aenter__())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(entering), 0.2)
    store.away = False
    assert isinstance(await asyncio.wait_for(entering, 20), Hold)
    await limiter.close()
