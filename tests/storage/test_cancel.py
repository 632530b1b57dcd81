"""Cancel: what it does in each state, and to whose jobs."""

import pytest

from haulage.domain.ids import uuid7
from haulage.domain.lifecycle import TERMINAL, State
from haulage.engine.services import Services
from tests.conftest import TestClock
from tests.factories import DONE, Hand, brought_to, path, queued, row, state

WAITING = [State.SCHEDULED, State.QUEUED, State.WAITING]


@pytest.mark.parametrize("given", WAITING)
async def test_what_does_not_run_is_cancelled_at_once(
    services: Services, clock: TestClock, given: State
) -> None:
    job_id = await brought_to(services, given)
    clock.advance(seconds=1)
    answers = await services.jobs.cancel([job_id], tenant="default", by="ann")
    assert (answers[job_id].before, answers[job_id].worker_id) == (given, None)
    found = await row(services, job_id)
    assert (found["state"], found["cancelled_by"], found["reason"]) == ("cancelled", "ann", None)
    assert found["cancelled_at"] == found["finished_at"] == clock.now()
    assert (await path(services, job_id))[-1] == "cancelled"


async def test_what_runs_is_asked_to_stop_and_its_worker_is_named(services: Services) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.claim(job_id)
    answers = await services.jobs.cancel([job_id], tenant="default", by="ann")
    assert (answers[job_id].before, answers[job_id].worker_id) == (State.RUNNING, hand.id)
    found = await row(services, job_id)
    assert (found["state"], found["cancelled_by"], found["cancelled_at"]) == (
        "running",
        "ann",
        None,
    )
    assert found["cancel_requested_at"] is not None


@pytest.mark.parametrize("given", sorted(TERMINAL))
async def test_what_is_over_stays_as_it_is(services: Services, given: State) -> None:
    job_id = await brought_to(services, given)
    before = await row(services, job_id)
    answers = await services.jobs.cancel([job_id], tenant="default", by="ann")
    assert answers[job_id].before is given
    assert await row(services, job_id) == before


@pytest.mark.parametrize("given", [*WAITING, State.RUNNING])
async def test_cancelling_twice_changes_nothing(
    services: Services, clock: TestClock, given: State
) -> None:
    job_id = await brought_to(services, given)
    await services.jobs.cancel([job_id], tenant="default", by="ann")
    before = await row(services, job_id)
    clock.advance(seconds=5)
    await services.jobs.cancel([job_id], tenant="default", by="bob")
    assert await row(services, job_id) == before


async def test_an_id_named_twice_is_cancelled_once(services: Services) -> None:
    job_id = await queued(services)
    assert set(await services.jobs.cancel([job_id, job_id], tenant="default", by="a")) == {job_id}
    assert await path(services, job_id) == ["queued", "cancelled"]


async def test_jobs_of_another_tenant_are_unknown(services: Services) -> None:
    job_id = await queued(services, tenant="acme")
    assert await services.jobs.cancel([job_id, uuid7()], tenant="default", by="ann") == {}
    assert await state(services, job_id) is State.QUEUED


async def test_the_engine_itself_may_cancel_for_any_tenant(services: Services) -> None:
    job_id = await queued(services, tenant="acme")
    assert set(await services.jobs.cancel([job_id], tenant=None, by="revoke")) == {job_id}
    assert await state(services, job_id) is State.CANCELLED


async def test_a_cancelled_job_stays_cancelled(services: Services) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    lease = await hand.claim(job_id)
    await hand.settle(lease, DONE)
    other = await queued(services)
    await services.jobs.cancel([job_id, other], tenant="default", by="ann")
    await services.dispatch.promote_due(limit=10)
    assert await hand.claim_all(job_id, other) == []
    assert await path(services, job_id) == ["queued", "running", "succeeded"]
    assert await path(services, other) == ["queued", "cancelled"]
