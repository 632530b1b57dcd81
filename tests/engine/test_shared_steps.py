"""Steps that a tenant's jobs share: what one has made, the next one takes."""

import asyncio
from typing import Any

import pytest

from haulage.domain.context import version
from haulage.domain.errors import NotRetryable
from haulage.domain.job import Usage
from haulage.domain.lifecycle import State
from haulage.engine.blocking import BlockingRunContext
from haulage.engine.services import Services
from haulage.storage.step_store import FinishedStep
from tests.engine.conftest import Bench
from tests.factories import Hand, queued, row, state


class Counter:
    """A step function that says when it ran; `mark` is its code's version."""

    def __init__(self, mark: str = "1") -> None:
        self.ran: list[Any] = []

        @version(mark)
        def work(*given: Any) -> list[Any]:
            self.ran.append(given)
            return ["made of", *given]

        self.work = work


async def test_another_job_takes_what_one_has_made(bench: Bench, services: Services) -> None:
    counter = Counter()

    async def handler(input, ctx):
        return await ctx.step("page", counter.work, 7, shared=True)

    first = await bench.run(handler)
    second = await queued(services, type="try")
    await bench.attempt(second)
    assert counter.ran == [(7,)]
    results = [(await row(services, job_id))["result"] for job_id in (first, second)]
    assert results == [["made of", 7]] * 2


async def test_another_tenant_takes_nothing(bench: Bench, services: Services) -> None:
    counter = Counter()

    async def handler(input, ctx):
        return await ctx.step("page", counter.work, 7, shared=True)

    await bench.run(handler)
    await bench.attempt(await queued(services, type="try", tenant="other"))
    assert len(counter.ran) == 2


async def test_other_arguments_other_code_and_another_job_type_share_nothing(
    bench: Bench, services: Services
) -> None:
    counter, newer = Counter(), Counter("2")

    async def handler(input, ctx):
        await ctx.step("page", counter.work, 7, shared=True)
        await ctx.step("page", counter.work, 8, shared=True)
        await ctx.step("page", newer.work, 7, shared=True)
        await ctx.step("leaf", counter.work, 7, shared=True)

    async def another(input, ctx):
        await ctx.step("page", counter.work, 7, shared=True)

    await bench.run(handler)
    bench.declare(another, name="another")
    await bench.attempt(await queued(services, type="another"))
    assert (len(counter.ran), len(newer.ran)) == (4, 1)


async def test_a_step_that_is_not_shared_is_its_jobs_alone(
    bench: Bench, services: Services
) -> None:
    counter = Counter()

    async def handler(input, ctx):
        return await ctx.step("page", counter.work, 7)

    await bench.run(handler)
    await bench.attempt(await queued(services, type="try"))
    assert len(counter.ran) == 2


async def test_items_of_a_map_are_shared_wherever_they_stand(
    bench: Bench, services: Services
) -> None:
    counter = Counter()

    async def handler(input, ctx):
        items = [1, 2, 3] if not counter.ran else [3, 4, 1]
        return await ctx.map("page", counter.work, items, shared=True)

    await bench.run(handler)
    await bench.attempt(second := await queued(services, type="try"))
    assert sorted(counter.ran) == [(1,), (2,), (3,), (4,)]
    assert (await row(services, second))["result"] == [["made of", one] for one in (3, 4, 1)]


async def test_an_equal_job_does_only_what_the_first_one_failed_at(
    bench: Bench, services: Services
) -> None:
    ran: list[int] = []
    broken = {2}

    @version("1")
    def work(page: int) -> int:
        ran.append(page)
        if page in broken:
            raise NotRetryable("The ink ran out.")
        return 10 * page

    async def handler(input, ctx):
        parts = await ctx.map_partial("page", work, [1, 2, 3], shared=True)
        return [part.value for part in parts]

    first = await bench.run(handler)
    broken.clear()
    await bench.attempt(second := await queued(services, type="try"))
    assert sorted(ran) == [1, 2, 2, 3]
    results = [(await row(services, job_id))["result"] for job_id in (first, second)]
    assert results == [[10, None, 30], [10, 20, 30]]


async def test_a_later_attempt_finds_what_the_job_took_from_another(
    bench: Bench, services: Services
) -> None:
    counter = Counter()

    async def handler(input, ctx):
        await ctx.step("page", counter.work, 7, shared=True)
        raise ConnectionError

    await bench.run(handler)
    await bench.attempt(second := await queued(services, type="try"))
    async with services.database.transaction() as connection:
        await connection.exec_driver_sql("DELETE FROM shared_steps")
    await bench.again(second)
    assert counter.ran == [(7,)]


async def test_a_large_value_is_shared_too(bench: Bench, services: Services) -> None:
    ran: list[int] = []

    @version("1")
    def book() -> str:
        ran.append(1)
        return "é" * 300_000

    async def handler(input, ctx):
        return len(await ctx.step("book", book, shared=True))

    await bench.run(handler)
    await bench.attempt(second := await queued(services, type="try"))
    assert (ran, (await row(services, second))["result"]) == ([1], 300_000)


async def test_a_shared_step_without_a_version_fails_the_job(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        await ctx.step("page", len, [1], shared=True)

    job_id = await bench.run(handler)
    assert await state(services, job_id) is State.FAILED
    assert "@version" in (await row(services, job_id))["error"]["message"]


async def test_plain_handlers_share_with_coroutines(bench: Bench, services: Services) -> None:
    counter = Counter()

    async def handler(input, ctx):
        blocking = BlockingRunContext(ctx, asyncio.get_running_loop())
        return await asyncio.to_thread(
            lambda: [
                blocking.step("page", counter.work, 7, shared=True),
                *blocking.map("page", counter.work, [7, 8], shared=True),
                *(
                    part.value
                    for part in blocking.map_partial("page", counter.work, [8], shared=True)
                ),
            ]
        )

    await bench.run(handler)
    assert counter.ran == [(7,), (8,)]


async def test_what_was_used_is_written_with_the_step_and_survives_a_kill(
    bench: Bench, services: Services
) -> None:
    """The attempt is never settled: its process died."""
    seen: list[Any] = []

    async def handler(input, ctx):
        seen.append(ctx.usage.calls)

        def paid() -> int:
            ctx.add_usage(calls=2, input_tokens=10, output_tokens=5, cost=0.25)
            return 1

        await ctx.step("call", paid)
        seen.append(ctx.usage.calls)
        job_row = await row(services, ctx.job_id)
        seen.append(job_row["usage"])
        ctx.add_usage(calls=1)
        if ctx.attempt == 1:
            raise ConnectionError
        return ctx.usage.calls

    job_id = await bench.run(handler)
    assert seen == [0, 2, {"calls": 2, "input_tokens": 10, "output_tokens": 5, "cost": 0.25}]
    await bench.again(job_id)
    found = await row(services, job_id)
    # Nothing is counted twice: the step's two calls, and one of each attempt.
    assert (found["usage"]["calls"], found["result"]) == (4, 4)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_step_that_is_written_twice_counts_its_usage_once(
    services: Services, times: int
) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services))
    step = FinishedStep(lease, "k", "n", "1", 0.1, None, bytes(32), Usage(1, 2, 3, 0.5))
    for _ in range(times):
        assert await services.steps.save([step]) == [True]
    assert (await row(services, lease.job_id))["usage"] == {
        "calls": 1,
        "input_tokens": 2,
        "output_tokens": 3,
        "cost": 0.5,
    }
