"""Steps: run once in a job's life."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from haulage.domain.context import version
from haulage.domain.errors import Retryable
from haulage.domain.lifecycle import State
from haulage.engine import context as contexts
from haulage.engine.context import step_key
from haulage.engine.services import Services
from tests.engine.conftest import Bench
from tests.factories import Hand, away, queued, state


class Page(BaseModel):
    number: int
    text: str = ""


async def test_a_finished_step_is_not_run_again_in_a_later_attempt(
    bench: Bench, services: Services
) -> None:
    ran: list[str] = []
    seen: list[Any] = []

    def plain(page: Page) -> Page:
        ran.append("plain")
        return Page(number=page.number, text="é\x00\ud800")

    async def awaited() -> list[int]:
        ran.append("awaited")
        return [1, 2]

    async def handler(input, ctx):
        seen.append(await ctx.step("a", plain, Page(number=1)))
        seen.append(await ctx.step("b", awaited))
        raise Retryable("later")

    job_id = await bench.run(handler)
    await bench.again(job_id)
    assert ran == ["plain", "awaited"]
    assert seen == [{"number": 1, "text": "é\x00\ud800"}, [1, 2]] * 2


async def test_a_step_is_not_run_again_in_the_same_attempt(bench: Bench) -> None:
    ran: list[int] = []

    async def handler(input, ctx):
        return [await ctx.step("a", ran.append, 1) for _ in range(3)]

    await bench.run(handler)
    assert ran == [1]


async def test_a_step_that_fails_is_run_again(bench: Bench, services: Services) -> None:
    ran: list[int] = []

    def flaky() -> str:
        ran.append(1)
        if len(ran) == 1:
            raise Retryable("busy")
        return "done"

    async def handler(input, ctx):
        return await ctx.step("a", flaky)

    job_id = await bench.run(handler)
    await bench.again(job_id)
    assert (len(ran), await state(services, job_id)) == (2, State.SUCCEEDED)


async def test_a_new_version_of_a_steps_code_runs_again(bench: Bench) -> None:
    ran: list[str] = []

    @version("1")
    def old() -> None:
        ran.append("old")

    @version("2")
    def new() -> None:
        ran.append("new")

    async def handler(input, ctx):
        for function in (old, new, old):
            await ctx.step("a", function)

    await bench.run(handler)
    assert ran == ["old", "new"]


def function(*args: Any) -> None: ...


def test_equal_arguments_make_the_same_step() -> None:
    assert step_key("a", function, ({"x": 1, "y": [2]},)) == step_key(
        "a", function, ({"y": [2], "x": 1},)
    )
    assert step_key("a", function, (Page(number=1),)) == step_key(
        "a", function, ({"text": "", "number": 1},)
    )
    assert step_key("a", function, ({"b", "a"},)) == step_key("a", function, (["a", "b"],))


@pytest.mark.parametrize(
    "other", [("b", (1,)), ("a", (2,)), ("a", (1, None)), ("a", ("1",)), ("a", ([1],))]
)
def test_other_names_or_arguments_make_another_step(other: tuple[str, Any]) -> None:
    assert step_key("a", function, (1,)) != step_key(other[0], function, other[1])


@pytest.mark.parametrize("value", [object(), float("nan")], ids=["an object", "not a number"])
async def test_a_step_whose_value_json_cannot_carry_fails_the_job(
    bench: Bench, services: Services, value: object
) -> None:
    async def handler(input, ctx):
        await ctx.step("a", lambda: value)

    job_id = await bench.run(handler)
    assert await state(services, job_id) is State.FAILED


async def test_a_step_after_the_lease_is_lost_stops_the_handler(
    bench: Bench, services: Services
) -> None:
    reached: list[str] = []

    async def handler(input, ctx):
        await services.dispatch.give_back([(ctx.job_id, ctx.lease.fence)])
        await ctx.step("a", lambda: 1)
        reached.append("after")

    bench.declare(handler)
    job_id = await queued(services, type="try")
    assert not await bench.attempt(job_id)
    assert (reached, bench.stop.cause) == ([], "lost")
    assert await services.steps.load(job_id) == {}


async def test_a_report_after_the_lease_is_lost_stops_the_handler(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        await services.dispatch.give_back([(ctx.job_id, ctx.lease.fence)])
        await ctx.log("hello")
        await asyncio.Event().wait()

    bench.declare(handler)
    assert not await bench.attempt(await queued(services, type="try"))
    assert bench.stop.cause == "lost"


async def test_steps_survive_the_death_of_a_worker(bench: Bench, services: Services) -> None:
    ran: list[int] = []

    async def handler(input, ctx):
        return await ctx.step("a", ran.append, 1)

    bench.declare(handler)
    job_id = await queued(services, type="try")
    dead = await Hand.hired(services)
    lease = await dead.claim(job_id)
    context = contexts.RunContext(
        lease, services, on_lost=lambda: None, random=bench.executor._random
    )
    await context.step("a", ran.append, 1)
    await dead.dies()
    await services.dispatch.rescue_orphans(limit=1)
    assert await bench.again(job_id)
    assert ran == [1]


async def test_looking_up_finished_steps_waits_for_postgresql_to_come_back(
    bench: Bench, services: Services, database_url: str, servers: dict[str, str]
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(input, ctx):
        if ctx.attempt == 1:
            raise Retryable("once more")
        begun.set()
        await go_on.wait()
        return await ctx.step("a", lambda: 1)

    job_id = await bench.run(handler)
    running = asyncio.ensure_future(bench.again(job_id))
    await begun.wait()
    with away(servers["database"], database_url):
        go_on.set()
        await asyncio.wait({running}, timeout=0.2)
        assert not running.done()
    assert await running
    assert await state(services, job_id) is State.SUCCEEDED
