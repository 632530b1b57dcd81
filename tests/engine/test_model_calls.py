"""`ctx.chat` in a handler: the answer, the job's usage, and what a limit's long wait does."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from pydantic import BaseModel

from haulage.domain.context import Context
from haulage.domain.errors import Snoozed
from haulage.domain.ports import FreeRoad
from haulage.engine.executor import Executor
from haulage.engine.services import Services
from haulage.providers.adapter import ChatCall, ChatReply, Claimed
from haulage.providers.chain import Patience
from haulage.providers.fake import Fake
from haulage.providers.gateway import Gateway
from haulage.providers.route import Route
from tests.engine.conftest import Bench
from tests.factories import history, row


def used(found: Mapping[str, Any]) -> tuple[int, int, float]:
    usage = found["usage"]
    return usage["calls"], usage["input_tokens"], usage["cost"]


class Greeting(BaseModel):
    greeting: str


def busy(_call: ChatCall) -> str:
    raise Snoozed("openai: day", delay_s=3600)


def paid(_call: ChatCall) -> ChatReply:
    return ChatReply("yes", Claimed(10, 5))


def with_models(bench: Bench) -> Bench:
    """The bench with `fake:` models: echo, busy, and one whose price nobody knows."""
    road = FreeRoad()
    dear = Fake({"paid": paid})
    dear.free = False
    gateway = Gateway(
        {"fake": Fake({"busy": busy}), "dear": dear},
        route=Route(("fake", "dear")),
        traffic=road,
        ledger=road,
        patience=Patience(retries=0),
        random=Random(1),
    )
    services: Services = replace(bench.services, models=gateway)
    bench.services = services
    bench.executor = Executor(services, random=Random(1))
    return bench


async def test_a_handler_asks_a_model_and_the_job_knows_what_it_used(bench: Bench) -> None:
    async def handler(input: object, ctx: Context) -> str:
        answer = await ctx.chat("fake:echo", '{"greeting": "ciao"}', output=Greeting)
        return answer.value.greeting

    job_id = await with_models(bench).run(handler, result=str)
    found = await row(bench.services, job_id)
    assert (found["state"], found["result"]) == ("succeeded", "ciao")
    assert used(found) == (1, 2, 0)


async def test_a_limits_long_wait_parks_the_job_and_burns_no_attempt(bench: Bench) -> None:
    async def handler(input: object, ctx: Context) -> str:
        return (await ctx.chat("fake:busy", "hello")).text

    job_id = await with_models(bench).run(handler, result=str)
    found = await row(bench.services, job_id)
    assert (found["state"], found["reason"], found["attempt"]) == ("scheduled", "openai: day", 0)


async def test_a_price_nobody_knows_is_said_once_in_the_jobs_log(bench: Bench) -> None:
    async def handler(input: object, ctx: Context) -> int:
        answers = [await ctx.chat("dear:paid", "hello") for _ in range(2)]
        return sum(answer.usage.cost is None for answer in answers)

    job_id = await with_models(bench).run(handler, result=int)
    lines = [one["message"] for one in await history(bench.services, job_id) if "message" in one]
    assert [line[:17] for line in lines] == ["No price is known"]
    found = await row(bench.services, job_id)
    assert used(found) == (2, 20, 0)
