"""Steps: run once in a job's life."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from haulage.domain.context import version
from haulage.domain.errors import Retryable
from haulage.domain.lifecycle import State
from haulage.engine import context as contexts
from haulage.engine.services import Services
from haulage.engine.steps import step_key
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


async def test_two_equal_steps_at_once_run_their_function_once(bench: Bench) -> None:
    ran: list[int] = []
    seen: list[Any] = []

    async def slow() -> dict[str, int]:
        ran.append(1)
        await asyncio.sleep(0)
        return {"ran": len(ran)}

    async def handler(input, ctx):
        seen.extend(await asyncio.gather(*(ctx.step("a", slow) for _ in range(3))))

    await bench.run(handler)
    assert (ran, seen) == ([1], [{"ran": 1}] * 3)
    assert seen[0] is not seen[1]


async def test_the_error_of_a_step_reaches_all_who_wait_for_it(bench: Bench) -> None:
    ran: list[int] = []
    seen: list[str] = []

    async def broken() -> None:
        ran.append(1)
        await asyncio.sleep(0)
        raise Retryable("busy")

    async def handler(input, ctx):
        ends = await asyncio.gather(
            *(ctx.step("a", broken) for _ in range(2)), return_exceptions=True
        )
        seen.extend(map(str, ends))

    await bench.run(handler)
    assert (ran, seen) == ([1], ["busy", "busy"])


async def test_when_the_first_of_two_equal_steps_is_cancelled_the_other_runs(bench: Bench) -> None:
    ran: list[int] = []
    seen: list[Any] = []

    async def handler(input, ctx):
        held = asyncio.Event()

        async def slow() -> int:
            ran.append(1)
            held.set()
            if len(ran) == 1:
                await asyncio.Event().wait()
            return len(ran)

        first = asyncio.ensure_future(ctx.step("a", slow))
        await held.wait()
        second = asyncio.ensure_future(ctx.step("a", slow))
        await asyncio.sleep(0)
        first.cancel()
        seen.append(await second)

    await bench.run(handler)
    assert (ran, seen) == ([1, 1], [2])


async def test_large_values_of_earlier_attempts_are_fetched_only_when_asked_for(
    bench: Bench, services: Services
) -> None:
    ran: list[str] = []
    seen: list[int] = []

    async def made(letter: str, size: int) -> list[str]:
        ran.append(letter)
        # Hard to compress, or PostgreSQL makes it small.
        return [f"{letter}{number * 7919 % 104729}" for number in range(size)]

    async def handler(input, ctx):
        for letter, size in (("a", 5), ("b", 5_000), ("c", 50_000)):
            seen.append(len(await ctx.step(letter, made, letter, size)))
        raise Retryable("later")

    job_id = await bench.run(handler)
    known = await services.steps.known(job_id)
    assert [known[key] is None for key in sorted(known)] == [False, True, True]
    await bench.again(job_id)
    assert (ran, seen) == (["a", "b", "c"], [5, 5_000, 50_000] * 2)
