"""Jobs and the real limiter: parked, brought back, let through in their turn; breakers park too."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import redis.asyncio as redis

from haulage.brokers import redis_clients
from haulage.domain.errors import Snoozed
from haulage.domain.provider_errors import ProviderUnavailable
from haulage.engine.blocking import BlockingRunContext
from haulage.engine.context import RunContext
from haulage.engine.executor import Executor
from haulage.engine.services import Services
from haulage.limits.breaker import BreakerRule, Breakers
from haulage.limits.limit import Limit, Measure, Period, Pool, Strategy
from haulage.limits.limiter import Limiter
from haulage.limits.traffic import LimitedTraffic
from haulage.providers.chain import Patience
from haulage.providers.fake import Fake
from haulage.providers.gateway import Gateway
from haulage.providers.route import Route
from tests.engine.conftest import Bench
from tests.factories import Hand, history, queued, row

ONE_A_SECOND = Limit(Measure.REQUESTS, 1, Period.SECOND, Strategy.BUCKET, burst=1)
POOLS = {
    "dear": Pool("dear", (ONE_A_SECOND,), slack_s=0.0),
    "down": Pool("down"),
    "fake": Pool("fake"),
}


def fails(_call: Any) -> str:
    raise ProviderUnavailable("503")


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator["redis.Redis"]:
    opened = redis_clients.connect(redis_url)
    yield opened
    await opened.aclose()


@pytest.fixture
async def limited(bench: Bench, client: "redis.Redis") -> AsyncIterator[Bench]:
    """The bench with models behind real limits and breakers; no wait is short enough for a slot."""
    limiter = Limiter(client, pools=POOLS.__getitem__, prefix="haulage:")
    breakers = Breakers(client, prefix="haulage:", rule=lambda _: BreakerRule(failures=2))
    await limiter.open()
    await breakers.open()
    traffic = LimitedTraffic(
        limiter, breakers, short_wait_s=0.05, now=bench.services.clock.now, random=Random(1)
    )
    adapters = {"dear": Fake({}), "down": Fake({"m": fails}), "fake": Fake({})}
    gateway = Gateway(
        adapters,
        route=Route(tuple(adapters)),
        traffic=traffic,
        ledger=_NoLedger(),
        patience=Patience(retries=0),
        random=Random(1),
    )
    bench.services = replace(bench.services, models=gateway, traffic=traffic)
    bench.executor = Executor(bench.services, random=Random(1))
    yield bench
    await breakers.close()
    await limiter.close()


class _NoLedger:
    def add(self, **_used: Any) -> None: ...


async def asking(input: Any, ctx: Any) -> str:
    answer = await ctx.chat(input.value, "hello")
    return answer.provider


async def submitted(bench: Bench, *models: str) -> Any:
    chain = ", ".join(f'"{one}"' for one in models)
    return await queued(bench.services, type="try", input=f'{{"value": [{chain}]}}', max_attempts=1)


async def test_a_parked_job_comes_back_in_its_turn_and_spends_one_attempt(
    limited: Bench, services: Services
) -> None:
    limited.declare(asking)
    first, second = [await submitted(limited, "dear:echo") for _ in range(2)]
    await limited.attempt(first)
    await limited.attempt(second)
    parked = await row(services, second)
    assert (parked["state"], parked["reason"], parked["attempt"]) == ("scheduled", "limit", 0)
    said = (await history(services, second))[-1]["waits_for"]
    assert said == {"kind": "limit", "pool": "dear", "limit": "requests per second"}
    wait_s = (parked["scheduled_at"] - limited.clock.now()).total_seconds()
    assert 0 < wait_s <= 1
    # Redis' second is a real one: before it is over, the job is parked again.
    async with asyncio.timeout(20):
        while (done := await row(services, second))["state"] == "scheduled":
            await limited.again(second)
    assert (done["state"], done["attempt"]) == ("succeeded", 1)


async def test_an_open_breaker_parks_jobs_and_burns_none_of_their_attempts(
    limited: Bench, services: Services
) -> None:
    limited.declare(asking)
    for _ in range(2):
        await limited.attempt(await submitted(limited, "down:m"))
    job_id = await submitted(limited, "down:m")
    await limited.attempt(job_id)
    parked = await row(services, job_id)
    assert (parked["state"], parked["reason"], parked["attempt"]) == ("scheduled", "breaker", 0)
    assert (parked["scheduled_at"] - limited.clock.now()).total_seconds() > 50


async def test_a_model_that_can_answer_now_goes_before_one_that_parks(
    limited: Bench, services: Services
) -> None:
    limited.declare(asking)
    await limited.attempt(await submitted(limited, "dear:echo"))
    job_id = await submitted(limited, "dear:echo", "fake:echo")
    await limited.attempt(job_id)
    assert (await row(services, job_id))["result"] == "fake"


async def test_a_call_of_a_service_of_ones_own_takes_its_turn_and_parks_as_models_do(
    limited: Bench, services: Services
) -> None:
    async def handler(input: Any, ctx: Any) -> str:
        async with ctx.limit("dear", tokens=10) as turn:
            turn.settle(input_tokens=5, output_tokens=0)
        return "done"

    limited.declare(handler)
    first, second = [await submitted(limited, "any") for _ in range(2)]
    await limited.attempt(first)
    await limited.attempt(second)
    assert (await row(services, first))["result"] == "done"
    parked = await row(services, second)
    assert (parked["reason"], parked["attempt"]) == ("limit", 0)


async def test_what_fails_at_a_service_of_ones_own_counts_for_its_breaker(
    limited: Bench, services: Services
) -> None:
    async def handler(input: Any, ctx: Any) -> None:
        async with ctx.limit("down"):
            raise ProviderUnavailable("503")

    limited.declare(handler)
    job_ids = [await submitted(limited, "any") for _ in range(3)]
    for job_id in job_ids:
        await limited.attempt(job_id)
    assert (await row(services, job_ids[-1]))["reason"] == "breaker"


async def test_plain_handlers_take_turns_too(limited: Bench, services: Services) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await submitted(limited, "any"))
    core = RunContext(lease, limited.services, on_lost=lambda: None, random=Random(1))
    ctx = BlockingRunContext(core, asyncio.get_running_loop())

    def call() -> str:
        with ctx.limit("dear") as turn:
            turn.observe({})
        return "done"

    assert await asyncio.to_thread(call) == "done"
    with pytest.raises(Snoozed):
        await asyncio.to_thread(call)
