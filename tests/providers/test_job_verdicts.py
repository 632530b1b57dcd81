"""What a provider that misbehaves makes of a job: a code of ours, another attempt or none (B7)."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from haulage.domain.context import Context
from haulage.engine.executor import Executor
from haulage.engine.services import Services
from tests.conftest import TestClock
from tests.engine.conftest import Bench
from tests.factories import row
from tests.providers.conftest import Desks

AGAIN = {
    "hang": "provider_timed_out",
    "half": "provider_garbled",
    "html": "provider_garbled",
    "list": "provider_garbled",
    "close": "provider_unavailable",
    "500": "provider_unavailable",
    "error200": "provider_unavailable",
    "error200:429": "rate_limited",
    "429": "rate_limited",
}
NEVER = {
    "400": "provider_refused",
    "401": "key_refused",
    "404": "unsupported_model",
    "error200:401": "key_refused",
    "quota": "quota_spent",
}


@pytest.fixture
def bench(services: Services, clock: TestClock) -> Bench:
    return Bench(services, clock, Random(1))


async def ask(bench: Bench, desks: Desks, word: str) -> dict[str, Any]:
    """The row of a job that has asked the simulated provider once."""
    gateway = desks.open(timeout_s=0.2 if word == "hang" else 5.0).gateway
    bench.services = replace(bench.services, models=gateway)
    bench.executor = Executor(bench.services, random=Random(1))

    async def handler(input: object, ctx: Context) -> str:
        return (await ctx.chat(f"openai:do/{word}", "hello")).text

    job_id = await bench.run(handler, result=str, max_attempts=3)
    return dict(await row(bench.services, job_id))


@pytest.mark.parametrize("word", AGAIN)
async def test_what_may_pass_is_tried_again(bench: Bench, desks: Desks, word: str) -> None:
    found = await ask(bench, desks, word)
    assert (found["state"], found["reason"], found["attempt"]) == ("scheduled", "retry", 1)
    assert found["error"]["code"] == AGAIN[word]


@pytest.mark.parametrize("word", NEVER)
async def test_what_stays_is_not(bench: Bench, desks: Desks, word: str) -> None:
    found = await ask(bench, desks, word)
    assert (found["state"], found["error"]["code"]) == ("failed", NEVER[word])


async def test_a_bill_that_cannot_be_is_estimated_and_the_answer_kept(
    bench: Bench, desks: Desks
) -> None:
    found = await ask(bench, desks, "liar")
    assert found["state"] == "succeeded"
    assert 0 < found["usage"]["input_tokens"] < 1000
