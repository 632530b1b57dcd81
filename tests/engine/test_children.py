"""`ctx.children` where two ask at once."""

import asyncio

import pytest
import sqlalchemy as sa

from haulage.domain.context import Child
from haulage.domain.errors import WaitsForChildren
from haulage.domain.lifecycle import State
from haulage.engine.children import sweep
from haulage.engine.services import Services
from haulage.storage.tables import jobs
from tests.engine.conftest import Bench
from tests.factories import FAILED, Hand, state


async def test_equal_calls_at_once_spawn_one_set_of_children(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        wanted = [Child("try", {}), Child("try", {})]
        both = [ctx.children("all", wanted), ctx.children("all", wanted)]
        found = await asyncio.gather(*both, return_exceptions=True)
        assert all(isinstance(one, WaitsForChildren) for one in found), found
        raise WaitsForChildren

    job_id = await bench.run(handler)
    assert await state(services, job_id) is State.WAITING
    async with services.database.reading() as connection:
        spawned = sa.select(sa.func.count()).where(jobs.c.parent_id == job_id)
        assert await connection.scalar(spawned) == 2


@pytest.mark.parametrize(
    ("step", "told"),
    [("pages", [(25, 1, 4), (50, 2, 4), (75, 3, 4)]), ("reading", [(25, 1, 4)] * 3)],
    ids=["its name", "another's"],
)
async def test_a_progress_with_the_familys_name_counts_the_children_that_are_over(
    bench: Bench, services: Services, step: str, told: list[tuple[float, int, int]]
) -> None:
    async def handler(input, ctx):
        await ctx.progress(25, step=step, done=1, total=4)
        await ctx.children("pages", [Child("try", {})] * 3)

    async def progress() -> tuple[float, int, int]:
        await sweep(services, limit=10)
        async with services.database.reading() as connection:
            said = await connection.scalar(sa.select(jobs.c.progress).where(jobs.c.id == job_id))
        return said["percent"], said["done"], said["total"]

    job_id = await bench.run(handler)
    found = [await progress()]
    hand = await Hand.hired(services)
    for child in list(await services.families.live_children([job_id]))[:2]:
        await hand.run(child, FAILED)
        found.append(await progress())
    assert found == told
    events = (await services.events.after({job_id: 0}))[job_id]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len([one for one in events if one.kind == "progress"]) == len(set(told))
