"""`ctx.children` where two ask at once."""

import asyncio

import sqlalchemy as sa

from haulage.domain.context import Child
from haulage.domain.errors import WaitsForChildren
from haulage.domain.lifecycle import State
from haulage.engine.services import Services
from haulage.storage.tables import jobs
from tests.engine.conftest import Bench
from tests.factories import state


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
