"""Who is charged, how much, and what a run comes to."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from haulage.accounts.credits import LEARNS_IN_S, Till
from haulage.domain.bulk import Action
from haulage.domain.context import Context
from haulage.domain.credits import MOST, Material, Work, price_of
from haulage.domain.errors import DefinitionFault, NotRetryable
from haulage.domain.file_ids import FileId
from haulage.domain.ids import uuid7
from haulage.domain.job_type import Policy, Registry, job_type
from haulage.domain.lifecycle import State
from haulage.domain.submission import accept_input
from haulage.engine.scheduler import Scheduler
from haulage.engine.services import Services
from haulage.storage.schedule_store import Missed, Schedule, ScheduleStore
from haulage.storage.tables import jobs
from tests.conftest import TestClock
from tests.engine.conftest import Bench
from tests.factories import FAILED, Hand, new_job, queued, row
from tests.support.bulk_desk import Desk, outcome


class Text(BaseModel):
    text: str = ""


def price(input: Text, material: Material) -> int:
    return len(input.text) + material.pages


@pytest.fixture
def priced(registry: Registry) -> Registry:
    @job_type("read", registry=registry, policy=Policy(price_credits=price))
    async def read(input: Text, ctx: Context) -> str:
        return ""

    @job_type("flat", registry=registry, policy=Policy(price_credits=3))
    async def flat(input: Text, ctx: Context) -> str:
        return ""

    return registry


async def test_a_price_is_a_number_or_follows_from_the_input(
    services: Services, priced: Registry
) -> None:
    await services.till.grant("default", 10, by="ann")
    some = [new_job(type="read", input='{"text":"four"}'), new_job(type="flat")]
    assert [job.price_credits for job in await services.till.priced(some)] == [4, 3]


async def test_pages_of_the_files_count(
    services: Services, registry: Registry, clock: TestClock
) -> None:
    class Book(BaseModel):
        file: FileId

    @job_type(
        "book", registry=registry, policy=Policy(price_credits=lambda _input, files: files.pages)
    )
    async def book(input: Book, ctx: Context) -> str:
        return ""

    await services.till.grant("default", 10, by="ann")
    file_id = uuid7()
    await services.files.add(
        id=file_id, tenant="default", sha256="0" * 64, size=9, name="b.pdf", pages=7,
        media_type="application/pdf",
    )  # fmt: skip
    accepted = accept_input(registry.get("book"), {"file": str(file_id)})
    job = new_job(type="book", input=accepted.text, files=accepted.files)
    [found] = await services.till.priced([job])
    assert found.price_credits == 7


async def test_an_input_that_does_not_fit_any_more_costs_nothing(
    services: Services, priced: Registry
) -> None:
    await services.till.grant("default", 10, by="ann")
    [job] = await services.till.priced([new_job(type="read", input='{"text":5}')])
    assert job.price_credits is None


async def test_who_has_no_account_takes_the_way_without_credits(
    services: Services, priced: Registry
) -> None:
    [job] = await services.till.priced([new_job(type="flat")])
    assert job.price_credits is None


async def test_another_processs_first_grant_is_learnt_soon(
    services: Services, priced: Registry
) -> None:
    now = [0.0]
    till = Till(services.credits, services.files, priced, monotonic=lambda: now[0])
    assert not await till.charges("default")
    await services.credits.grant("default", 5, by="another process")
    now[0] += LEARNS_IN_S / 2
    assert not await till.charges("default")
    now[0] += LEARNS_IN_S / 2
    assert await till.charges("default")


@pytest.mark.parametrize("wrong", [-1, 1.5, True, MOST + 1, "1", None])
def test_a_price_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(DefinitionFault):
        Policy(price_credits=wrong)
    with pytest.raises(DefinitionFault):
        price_of(lambda _input, _material: wrong, None, Material())


async def reserved(services: Services, amount: int) -> UUID:
    await services.till.grant("default", 100, by="ann")
    return await queued(services, type="try", price_credits=amount)


async def test_a_type_says_what_a_run_has_come_to(bench: Bench, services: Services) -> None:
    async def handler(input, ctx):
        ctx.add_usage(calls=4)
        return "four"

    def charge(work: Work) -> int:
        assert work.state is State.SUCCEEDED
        return len(work.result) + work.usage.calls

    bench.declare(handler, price_credits=20, charge_credits=charge)
    job_id = await reserved(services, 20)
    await bench.attempt(job_id)
    assert (await row(services, job_id))["cost_credits"] == 8


async def test_what_a_cancelled_run_got_done_may_be_charged(
    bench: Bench, services: Services
) -> None:
    begun = asyncio.Event()

    async def handler(input, ctx):
        await ctx.progress(done=3, total=10)
        begun.set()
        await asyncio.Event().wait()

    bench.declare(handler, price_credits=20, charge_credits=lambda work: 2 * work.progress.done)
    job_id = await reserved(services, 20)
    running = asyncio.create_task(bench.attempt(job_id))
    await begun.wait()
    bench.stop.tell("cancel")
    await services.jobs.cancel([job_id], tenant=None, by="ann")
    assert await running
    found = await row(services, job_id)
    assert (found["state"], found["cost_credits"]) == ("cancelled", 6)
    balance = await services.credits.balance("default")
    assert balance is not None
    assert balance.available == 94


async def test_a_failed_run_costs_nothing(bench: Bench, services: Services) -> None:
    async def handler(input, ctx):
        raise NotRetryable("no")

    bench.declare(handler, price_credits=20)
    job_id = await reserved(services, 20)
    await bench.attempt(job_id)
    assert (await row(services, job_id))["cost_credits"] == 0


async def test_a_charge_that_cannot_be_computed_costs_the_job_no_settlement(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        return "done"

    bench.declare(handler, price_credits=20, charge_credits=lambda work: 1 // 0)
    job_id = await reserved(services, 20)
    assert await bench.attempt(job_id)
    found = await row(services, job_id)
    assert (found["state"], found["cost_credits"]) == ("succeeded", 20)


async def test_a_schedules_run_is_charged_and_dropped_where_it_cannot_be_paid(
    services: Services, priced: Registry, clock: TestClock
) -> None:
    await services.till.grant("default", 4, by="ann")
    store = ScheduleStore(services.database, services.clock)
    await store.add(
        Schedule(
            id=uuid7(), tenant="default", name="nightly", type="flat", input="{}", queue="io",
            priority=new_job().priority, tags=(), cron="* * * * *", timezone="UTC",
            missed=Missed.SKIP, next_run_at=clock.now(), created_at=clock.now(),
        )
    )  # fmt: skip
    scheduler = Scheduler(store, services)
    await scheduler.round(lambda: True)
    clock.advance(minutes=1)
    await scheduler.round(lambda: True)
    async with services.database.reading() as connection:
        found = (await connection.execute(jobs.select())).mappings().all()
    assert [job["price_credits"] for job in found] == [3]
    assert await store.fire_next(scheduler._plan) is None


async def test_a_bulk_redrive_counts_what_cannot_be_paid_as_failed(
    services: Services, desk: Desk
) -> None:
    await services.till.grant("default", 6, by="ann")
    hand = await Hand.hired(services)
    for _ in range(3):
        await hand.run(await queued(services, price_credits=3), FAILED)
    assert await desk.do(Action.REDRIVE) == outcome(changed=2, failed=1)
