"""Jobs that a limit parks: what is stored first, what is kept, and that no attempt is charged."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from haulage.domain.context import Child
from haulage.domain.errors import Snoozed
from haulage.domain.holdup import Holdup, HoldupKind
from haulage.domain.job import JobCaller
from haulage.domain.language_model import Answer, Caller, ChatRequest, ModelUsage
from haulage.domain.limits import Asker
from haulage.engine.executor import Executor
from haulage.engine.services import Services
from haulage.storage.tables import jobs
from tests.engine.conftest import Bench
from tests.factories import history, row

DAY = Holdup(HoldupKind.QUOTA, "openai", "requests per day")


class Turnstile:
    """Models that answer, but who asks for `busy` must wait for an hour, or as told; `go` holds up
    the answers of `slow`."""

    def __init__(self, wait_s: float = 3600.0) -> None:
        self.wait_s = wait_s
        self.go = asyncio.Event()
        self.asked: list[str] = []
        self.tickets: list[str | None] = []
        self.askers: list[Asker] = []

    async def chat(self, request: ChatRequest, *, caller: Caller) -> Answer[Any]:
        [model] = request.models
        self.asked.append(model)
        self.tickets.append(caller.ticket)
        self.askers.append(caller.asker(model))
        if model == "busy":
            raise Snoozed("openai: its day", delay_s=self.wait_s, holdup=DAY)
        if model == "once" and self.asked.count("once") == 1:
            raise Snoozed("openai: its day", delay_s=self.wait_s, holdup=DAY)
        if model == "slow":
            await self.go.wait()
        return Answer("yes", "yes", ModelUsage(cost=0.0), model, "openai")

    async def embed(self, *given: Any, **more: Any) -> Any:
        raise NotImplementedError


@pytest.fixture
def gate(bench: Bench) -> Turnstile:
    made = Turnstile()
    object.__setattr__(bench.services, "models", made)
    bench.executor = Executor(bench.services, random=bench.executor._random)
    return made


async def ask(ctx: Any, model: str) -> str:
    return (await ctx.chat(model, "hello")).text


async def test_a_parked_job_says_what_it_waits_for_and_burns_no_attempt(
    bench: Bench, gate: Turnstile, services: Services
) -> None:
    async def handler(input, ctx):
        return await ask(ctx, "busy")

    job_id = await bench.run(handler)
    found = await row(services, job_id)
    assert (found["state"], found["reason"], found["attempt"]) == ("scheduled", "quota", 0)
    assert found["scheduled_at"] == bench.clock.now() + timedelta(hours=1)
    parked = (await history(services, job_id))[-1]
    assert parked["waits_for"] == {
        "kind": "quota",
        "pool": "openai",
        "limit": "requests per day",
    }


async def test_a_moment_that_is_known_is_the_moment_it_is_due(
    bench: Bench, services: Services
) -> None:
    until = bench.clock.now() + timedelta(minutes=7)

    async def handler(input, ctx):
        bench.clock.advance(seconds=3)
        raise Snoozed("later", delay_s=420, until=until)

    assert (await row(services, await bench.run(handler)))["scheduled_at"] == until


@pytest.mark.parametrize("manner", ["map", "gather", "group"])
async def test_what_the_other_steps_do_is_stored_before_the_job_is_parked(
    bench: Bench, gate: Turnstile, services: Services, manner: str
) -> None:
    async def handler(input, ctx):
        async def part(model: str) -> str:
            if model == "slow":
                asyncio.get_running_loop().call_later(0.02, gate.go.set)
            return await ask(ctx, model)

        if manner == "map":
            return await ctx.map("part", part, ["busy", "slow", "quick"], limit=2)
        models = ("busy", "slow", "quick")
        if manner == "gather":
            return await asyncio.gather(*(ctx.step(one, part, one) for one in models))
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(ctx.step(one, part, one)) for one in models]
        return [one.result() for one in parts]

    job_id = await bench.run(handler)
    assert (await row(services, job_id))["reason"] == "quota"
    assert sorted(gate.asked) == ["busy", "quick", "slow"]
    gate.asked.clear()
    await bench.again(job_id)
    assert gate.asked == ["busy"]


@pytest.mark.parametrize("manner", ["map", "gather"])
async def test_of_many_waits_the_shortest_parks_the_job(
    bench: Bench, services: Services, manner: str
) -> None:
    async def wait(minutes: int) -> None:
        raise Snoozed("later", delay_s=60.0 * minutes)

    async def handler(input, ctx):
        if manner == "map":
            return await ctx.map("part", wait, [30, 10, 20])
        return await asyncio.gather(*(ctx.step("part", wait, one) for one in (30, 10, 20)))

    found = await row(services, await bench.run(handler))
    assert found["scheduled_at"] == bench.clock.now() + timedelta(minutes=10)


async def test_whose_moment_comes_while_others_are_under_way_goes_on_in_place(
    bench: Bench, gate: Turnstile, services: Services
) -> None:
    gate.wait_s = 0.02

    async def handler(input, ctx):
        async def once() -> str:
            answer = await ask(ctx, "once")
            gate.go.set()
            return answer

        async def slow() -> str:
            return await ask(ctx, "slow")

        return await asyncio.gather(ctx.step("a", once), ctx.step("b", slow))

    job_id = await bench.run(handler)
    assert (await row(services, job_id))["result"] == ["yes", "yes"]
    assert gate.asked == ["once", "slow", "once"]


async def test_a_question_has_the_same_ticket_in_each_attempt_and_no_other_question_has_it(
    bench: Bench, gate: Turnstile
) -> None:
    async def handler(input, ctx):
        async def part(item: int) -> str:
            await ask(ctx, "quick")
            return await ask(ctx, "busy")

        await ask(ctx, "quick")
        return await ctx.map("part", part, [1, 2])

    job_id = await bench.run(handler)
    first = sorted(map(str, gate.tickets))
    assert len(set(first)) == 5
    gate.tickets.clear()
    await bench.again(job_id)
    assert sorted(map(str, gate.tickets)) == first


async def test_steps_within_steps_do_not_wait_for_themselves(
    bench: Bench, gate: Turnstile, services: Services
) -> None:
    async def handler(input, ctx):
        async def inner() -> str:
            return await ask(ctx, "busy")

        async def outer() -> list[str]:
            return await asyncio.gather(ctx.step("i", inner), ctx.step("j", inner))

        return await ctx.step("o", outer)

    job_id = await bench.run(handler)
    assert (await row(services, job_id))["reason"] == "quota"


async def test_limits_count_for_the_user_and_the_key_that_submitted_a_job_and_for_its_children(
    bench: Bench, gate: Turnstile, services: Services
) -> None:
    async def handler(input, ctx):
        await ask(ctx, "quick")
        if input.value != "child":
            await ctx.children("c", [Child("try", {"value": "child"})])

    caller = JobCaller(user="ada", key="key-1")
    job_id = await bench.run(handler, tenant="acme", caller=caller)
    async with services.database.reading() as connection:
        found = await connection.execute(sa.select(jobs.c.id).where(jobs.c.parent_id == job_id))
        child_id = found.scalar_one()
    await bench.attempt(child_id)
    assert gate.askers == [Asker("acme", "quick", "ada", "key-1")] * 2
