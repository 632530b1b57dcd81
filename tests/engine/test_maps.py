"""Maps: in order, bounded, and honest about what failed."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from haulage.domain.backoff import Backoff
from haulage.domain.errors import NotRetryable, Retryable, Snoozed
from haulage.engine import maps
from haulage.engine.services import Services
from tests.engine.conftest import Bench
from tests.factories import queued, row


async def progress_of(services: Services, job_id: UUID) -> dict[str, Any]:
    return (await row(services, job_id))["progress"]


async def error_of(services: Services, job_id: UUID) -> dict[str, Any]:
    return (await row(services, job_id))["error"]


def function(*args: Any) -> None: ...


class Crowd:
    """Counts how many run at once."""

    def __init__(self) -> None:
        self.inside = self.most = 0

    async def __call__(self, item: int) -> int:
        self.inside += 1
        self.most = max(self.most, self.inside)
        for _ in range(item % 3 + 1):
            await asyncio.sleep(0)
        self.inside -= 1
        return item * 10


async def test_a_map_keeps_its_order_and_its_limit(bench: Bench, services: Services) -> None:
    crowd = Crowd()

    async def handler(input, ctx):
        return await ctx.map("part", crowd, list(range(20)), limit=4)

    job_id = await bench.run(handler)
    assert (await row(services, job_id))["result"] == [item * 10 for item in range(20)]
    assert crowd.most == 4
    assert await progress_of(services, job_id) == {
        "percent": 100.0,
        "step": "part",
        "done": 20,
        "failed": 0,
        "total": 20,
    }


async def test_a_map_of_nothing_is_nothing(bench: Bench, services: Services) -> None:
    async def handler(input, ctx):
        return [await ctx.map("a", function, []), await ctx.map_partial("b", function, [])]

    assert (await row(services, await bench.run(handler)))["result"] == [[], []]


async def test_a_map_without_lanes_is_refused(bench: Bench, services: Services) -> None:
    async def handler(input, ctx):
        return await ctx.map("a", function, [1], limit=0)

    assert "at least 1" in (await error_of(services, await bench.run(handler)))["message"]


async def test_the_first_error_of_a_map_lets_what_is_under_way_finish_and_begins_no_more(
    bench: Bench, services: Services
) -> None:
    full, failed, begun = asyncio.Event(), asyncio.Event(), []

    async def part(item: int) -> int:
        begun.append(item)
        if len(begun) == 3:
            full.set()
        await full.wait()
        if item == 1:
            failed.set()
            raise NotRetryable("no", code="bad_page")
        await failed.wait()
        await asyncio.sleep(0)
        return item

    async def handler(input, ctx):
        return await ctx.map("part", part, list(range(10)), limit=3)

    job_id = await bench.run(handler)
    assert (await error_of(services, job_id))["code"] == "bad_page"
    assert begun == [0, 1, 2]
    assert len(await services.steps.load(job_id)) == 2


async def test_a_map_that_is_stopped_leaves_nothing_running(
    bench: Bench, services: Services
) -> None:
    ended: list[int] = []
    begun = asyncio.Event()

    async def part(item: int) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(item)

    async def handler(input, ctx):
        await ctx.map("part", part, [1, 2, 3, 4], limit=2)

    bench.declare(handler)
    running = asyncio.ensure_future(bench.attempt(await queued(services, type="try")))
    await begun.wait()
    bench.stop.tell("cancel")
    assert await running
    assert ended == [1, 2]


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "ITEM_BACKOFF", Backoff(base_s=0))


@pytest.mark.usefixtures("no_pauses")
async def test_a_partial_map_reports_what_failed_and_keeps_the_rest(
    bench: Bench, services: Services
) -> None:
    tried: list[int] = []

    def part(item: int) -> int:
        tried.append(item)
        if item == 1:
            raise NotRetryable("no", code="bad_page")
        if item == 2:
            raise Retryable("busy")
        if item == 3 and tried.count(3) < 3:
            raise Retryable("busy")
        if item == 4:
            raise KeyError("odd")
        return item

    async def handler(input, ctx):
        parts = await ctx.map_partial("part", part, list(range(6)))
        return [[p.index, p.value, p.failure and p.failure.code] for p in parts]

    job_id = await bench.run(handler)
    assert (await row(services, job_id))["result"] == [
        [0, 0, None],
        [1, None, "bad_page"],
        [2, None, "retryable"],
        [3, 3, None],
        [4, None, "unexpected"],
        [5, 5, None],
    ]
    assert [tried.count(item) for item in range(6)] == [1, 1, 4, 3, 1, 1]
    progress = await progress_of(services, job_id)
    assert (progress["done"], progress["failed"], progress["percent"]) == (3, 3, 100.0)


async def test_a_snooze_inside_a_partial_map_snoozes_the_job(
    bench: Bench, services: Services
) -> None:
    def part(item: int) -> int:
        raise Snoozed("tokens", delay_s=5)

    async def handler(input, ctx):
        return await ctx.map_partial("part", part, [1, 2])

    found = await row(services, await bench.run(handler))
    assert (found["state"], found["reason"]) == ("scheduled", "tokens")


async def test_an_item_waits_as_long_as_the_other_side_asked(
    bench: Bench, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    yields = asyncio.sleep

    async def sleep(delay_s: float) -> None:
        waited.append(delay_s)
        await yields(0)

    monkeypatch.setattr(maps.asyncio, "sleep", sleep)
    tries: list[int] = []

    def busy(item: int) -> int:
        tries.append(item)
        if len(tries) == 1:
            raise Retryable("busy", retry_after_s=25.0)
        return item

    async def handler(input, ctx):
        parts = await ctx.map_partial("part", busy, [7])
        return [part.value for part in parts]

    job_id = await bench.run(handler)
    assert (await row(services, job_id))["result"] == [7]
    assert 25.0 in waited
