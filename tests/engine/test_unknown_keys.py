"""In the middle of a rotation a process meets what is sealed by a key that it has not got yet: it
leaves that to others, and nothing is lost or charged."""

import sqlalchemy as sa

from haulage.engine.scheduler import Scheduler
from haulage.engine.services import Services
from haulage.storage import tables
from haulage.storage.schedule_store import ScheduleStore
from haulage.storage.sealing import Sealer
from tests.conftest import TestClock
from tests.engine.conftest import Bench
from tests.engine.test_scheduler import scheduled
from tests.factories import queued, row

OLD, NEW = "b2xk" * 10 + "b2w", "bmV3" * 10 + "bmU"


def given_keys(services: Services, *keys: str) -> None:
    """As if this process had been started again with these."""
    services.database.sealer = services.blobs.sealer = Sealer(keys)


async def tell(input, ctx):
    return input.value


async def twice(input, ctx):
    async def double() -> int:
        return input.value * 2

    return await ctx.step("double", double)


async def test_an_input_waits_for_a_worker_that_has_its_key(
    bench: Bench, services: Services
) -> None:
    given_keys(services, NEW, OLD)
    job_id = await queued(services, type="try", input='{"value":2}')
    bench.declare(tell)
    given_keys(services, OLD)
    assert await bench.attempt(job_id)
    found = await row(services, job_id)
    assert (found["state"], found["reason"], found["attempt"]) == ("scheduled", "unknown_key", 0)
    given_keys(services, NEW, OLD)
    assert await bench.again(job_id)
    found = await row(services, job_id)
    assert (found["state"], found["attempt"]) == ("succeeded", 1)


async def test_a_step_that_another_worker_has_sealed_waits_for_its_key_too(
    bench: Bench, services: Services
) -> None:
    given_keys(services, OLD)
    job_id = await queued(services, type="try", input='{"value":2}', max_attempts=1)
    given_keys(services, NEW, OLD)
    asked = []

    async def dies_after_its_step(input, ctx):
        await twice(input, ctx)
        asked.append(ctx.attempt)
        bench.stop.tell("lost")
        raise RuntimeError("the worker is gone")

    bench.declare(dies_after_its_step)
    await bench.attempt(job_id)
    assert asked == [1]
    await services.dispatch.give_back([(job_id, 1)])
    given_keys(services, OLD)
    assert await bench.again(job_id)
    found = await row(services, job_id)
    assert (found["state"], found["reason"], found["attempt"]) == ("scheduled", "unknown_key", 0)
    given_keys(services, NEW, OLD)


async def test_an_input_that_was_changed_fails_and_waits_for_nobody(
    bench: Bench, services: Services
) -> None:
    given_keys(services, OLD)
    job_id = await queued(services, type="try", input='{"value":2}')
    async with services.database.transaction() as connection:
        changed = sa.func.replace(sa.cast(tables.jobs.c.input, sa.Text), '"}', 'A"}')
        await connection.execute(
            sa.update(tables.jobs).values(input=sa.cast(changed, tables.jobs.c.input.type))
        )
    bench.declare(tell)
    await bench.attempt(job_id)
    found = await row(services, job_id)
    assert found["state"] == "failed"


async def test_a_schedule_whose_key_the_dispatcher_has_not_holds_up_no_other(
    services: Services, clock: TestClock
) -> None:
    store = ScheduleStore(services.database, clock)
    scheduler = Scheduler(store, services)
    given_keys(services, NEW)
    sealed = await scheduled(services, store, name="sealed")
    given_keys(services, OLD)
    sound = await scheduled(services, store, name="sound")
    clock.advance(minutes=10)
    await scheduler.round(lambda: True)
    given_keys(services, NEW, OLD)
    fired = {one.id: one.last_run_at for one in await store.of_tenant("default")}
    assert fired == {sound.id: clock.now(), sealed.id: None}
