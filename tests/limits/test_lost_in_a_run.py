"""Redis is killed, or forgets everything, while two processes call as fast as they may."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
import redis.asyncio as redis

from haulage.domain.clock import SystemClock
from haulage.domain.limits import Estimate
from haulage.limits import ledger as ledgers
from haulage.limits.errors import RedisAway
from haulage.limits.installation import connect
from haulage.limits.ledger import Ledger
from haulage.limits.limit import Limit, Measure, Period, Pool, Strategy
from haulage.limits.limiter import Limiter
from haulage.storage.database import Database
from haulage.storage.limit_store import LimitStore
from tests.limits.conftest import OwnRedis

RATE, BURST, DAY = 60, 6, 90
POOL = Pool(
    "openai",
    (
        Limit(Measure.REQUESTS, RATE, Period.SECOND, Strategy.BUCKET, burst=BURST),
        Limit(Measure.REQUESTS, DAY, Period.DAY),
    ),
    slack_s=0.02,
)
RUN_S, MOST_S = 2.4, 20
# Quicker than in production, and so is what follows from it.
FLUSH_S, UNWRITTEN_S = 0.15, 0.35


async def calls_of_two(
    url: str, database: Database, at_half: Callable[["redis.Redis"], Awaitable[None]]
) -> list[float]:
    """The moments of all calls; when a third of the day is used, `at_half` happens.

    They call for `RUN_S`, and on a slow machine until one has been let through afterwards.
    """
    made: list[float] = []
    third, ended = asyncio.Event(), asyncio.Event()

    async def work(limiter: Limiter) -> None:
        while True:
            try:
                async with limiter.hold("openai", Estimate()):
                    made.append(time.monotonic())
            except RedisAway:
                await asyncio.sleep(0.02)
            if len(made) >= DAY // 3:
                third.set()

    async def process() -> None:
        client = connect(url)
        ledger = Ledger(LimitStore(database, SystemClock()), lambda: datetime.now(UTC))
        limiter = Limiter(
            client,
            pools=lambda _: POOL,
            prefix="haulage:",
            ledger=ledger,
            unwritten_s=UNWRITTEN_S,
        )
        await limiter.open()
        calling = [asyncio.ensure_future(work(limiter)) for _ in range(10)]
        await ended.wait()
        for call in calling:
            call.cancel()
        await asyncio.gather(*calling, return_exceptions=True)
        await limiter.close()
        await ledger.close()
        await client.aclose()

    async def happen() -> None:
        await third.wait()
        client = connect(url)
        before = len(made)
        await at_half(client)
        await client.aclose()
        async with asyncio.timeout(MOST_S):
            while len(made) <= before:  # noqa: ASYNC110 - it happens elsewhere
                await asyncio.sleep(0.02)
        await asyncio.sleep(began + RUN_S - time.monotonic())
        ended.set()

    began = time.monotonic()
    await asyncio.gather(process(), process(), happen())
    return sorted(made)


def fullest_second(made: list[float]) -> int:
    return max(sum(start <= at < start + 1 for at in made) for start in made)


@pytest.mark.parametrize("fault", ["flushall", "kill"])
async def test_the_day_is_not_overrun_and_a_second_by_one_burst_at_most(
    own_redis: OwnRedis, database: Database, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "FLUSH_S", FLUSH_S)

    async def at_half(client: "redis.Redis") -> None:
        if fault == "flushall":
            await client.flushall()
        else:
            await asyncio.to_thread(own_redis.kill)
            await asyncio.to_thread(own_redis.start)

    made = await calls_of_two(own_redis.url, database, at_half)
    # It goes on afterwards, with what PostgreSQL remembers of the day.
    assert DAY // 3 < len(made) <= DAY
    assert fullest_second(made) <= RATE + BURST + BURST
