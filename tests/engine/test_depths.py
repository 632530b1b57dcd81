"""Few jobs are counted for everybody who asks, many once in a while."""

import asyncio

from haulage.engine.depths import KEPT, Depths
from haulage.engine.services import Services
from haulage.storage.queue_reads import QueueReads
from tests.conftest import TestClock
from tests.factories import new_job


async def test_few_jobs_are_counted_each_time(services: Services) -> None:
    depths = Depths(QueueReads(services.database), services.clock, many=2)
    for count in (1, 2):
        await services.insert_all([new_job(queue="io")])
        assert (await depths.now())["io"].fresh == count


async def test_many_jobs_are_counted_once_for_all_who_ask_within_a_while(
    services: Services, clock: TestClock
) -> None:
    depths = Depths(QueueReads(services.database), clock, many=2)
    await services.insert_all([new_job(queue="io") for _ in range(3)])
    assert (await depths.now())["io"].fresh == 3
    await services.insert_all([new_job(queue="io")])
    assert (await depths.now())["io"].fresh == 3
    clock.advance(seconds=KEPT.total_seconds())
    first, second = await asyncio.gather(depths.now(), depths.now())
    assert first is second
    assert first["io"].fresh == 4
