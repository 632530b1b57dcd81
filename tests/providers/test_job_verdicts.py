"""What a provider that misbehaves makes of a job: a code of ours, another attempt or none (B7)."""

from dataclasses import replace
from random import Random

import pytest

from haulage.domain.context import Context
from haulage.engine.executor import Executor
from haulage.engine.services import Services
from tests.conftest import TestClock
from tests.engine.conftest import Bench
from tests.factories import queued, row
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
def bench(services: Services, clock: TestClock, desks: Desks) -> Bench:
    """Attempts with a gateway that calls the simulated provider and asks once."""
    with_models = replace(services, models=desks.open(timeout_s=0.2).gateway)
    made = Bench(with_models, clock, Random(1))
    made.executor = Executor(with_models, random=Random(1))
    return made


async def ask(bench: Bench, word: str) -> dict[str, object]:
    async def handler(input: object, ctx: Context) -> str:
        return (await ctx.chat(f"openai:do/{word}", "hello")).text

    bench.declare(handler, result=str)
    job_id = await queued(bench.services, type="try", max_attempts=3)
    await bench.attempt(job_id)
    return dict(await row(bench.services, job_id))


@pytest.mark.parametrize("word", AGAIN)
async def test_what_may_pass_is_tried_again(bench: Bench, word: str) -> None:
    found = await ask(bench, word)
    assert (found["state"], found["reason"], found["attempt"]) == ("scheduled", "retry", 1)
    assert found["error"]["code"] == AGAIN[word]


@pytest.mark.parametrize("word", NEVER)
async def test_what_stays_is_not(bench: Bench, word: str) -> None:
    found = await ask(bench, word)
    assert (found["state"], found["error"]["code"]) == ("failed", NEVER[word])


async def test_a_bill_that_cannot_be_is_estimated_and_the_answer_kept(bench: Bench) -> None:
    found = await ask(bench, "liar")
    assert found["state"] == "succeeded"
    assert 0 < found["usage"]["input_tokens"] < 1000
