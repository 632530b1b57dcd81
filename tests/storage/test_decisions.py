"""Redrive and discard: somebody's decisions about jobs that are over."""

import pytest

from haulage.domain.ids import uuid7
from haulage.domain.lifecycle import REDRIVABLE, State
from haulage.domain.outcome import Succeeded
from haulage.engine.services import Services
from haulage.storage.decision_store import DecisionStore
from haulage.storage.step_store import FinishedStep
from tests.factories import DONE, FAILED, Hand, queued, row, state


@pytest.fixture
def decisions(services: Services) -> DecisionStore:
    return DecisionStore(services.database, services.clock)


@pytest.fixture
async def hand(services: Services) -> Hand:
    return await Hand.hired(services)


async def test_a_redrive_starts_the_next_run_with_steps_kept_and_attempts_anew(
    services: Services, decisions: DecisionStore, hand: Hand
) -> None:
    job_id = await queued(services)
    lease = await hand.claim(job_id)
    await services.steps.save([FinishedStep(lease, "one", "one", "1", 0.1)])
    await hand.settle(lease, FAILED)
    assert await decisions.redrive([job_id], tenant="default", by="ada") == {job_id}
    found = await row(services, job_id)
    assert (found["state"], found["run"], found["attempt"]) == ("queued", 2, 0)
    assert found["finished_at"] is None
    again = await hand.claim(job_id)
    assert (again.run, again.attempt, again.fence) == (2, 1, lease.fence + 1)
    assert await services.steps.load(job_id) == {"one": "1"}


async def test_the_old_run_cannot_settle_the_new_one(
    services: Services, decisions: DecisionStore, hand: Hand
) -> None:
    job_id = await queued(services)
    old = await hand.run(job_id, FAILED)
    await decisions.redrive([job_id], tenant="default", by="ada")
    # Its own settlement did land once, and that is all it hears; nothing is written again.
    await hand.settle(old, Succeeded('"stale"'))
    assert await state(services, job_id) is State.QUEUED
    await hand.claim(job_id)
    await hand.settle(old, Succeeded('"stale"'))
    assert await state(services, job_id) is State.RUNNING


async def test_a_cancelled_job_can_be_redriven(
    services: Services, decisions: DecisionStore, hand: Hand
) -> None:
    job_id = await queued(services)
    await services.jobs.cancel([job_id], tenant="default", by="ada")
    assert await decisions.redrive([job_id], tenant="default", by="bob")
    lease = await hand.claim(job_id)
    assert await hand.settle(lease, DONE)
    assert (await row(services, job_id))["cancelled_by"] is None


async def test_what_is_not_over_and_what_succeeded_is_not_redriven(
    services: Services, decisions: DecisionStore, hand: Hand
) -> None:
    waiting, running, done = [await queued(services) for _ in range(3)]
    await hand.claim(running)
    await hand.run(done, DONE)
    assert not await decisions.redrive([waiting, running, done], tenant="default", by="ada")
    assert State.SUCCEEDED not in REDRIVABLE
    assert await state(services, running) is State.RUNNING


async def test_another_tenants_jobs_and_unknown_ids_are_left_alone(
    services: Services, decisions: DecisionStore, hand: Hand
) -> None:
    job_id = await queued(services, tenant="other")
    await hand.run(job_id, FAILED)
    assert not await decisions.redrive([job_id, uuid7()], tenant="default", by="ada")
    assert not await decisions.discard([job_id], tenant="default", by="ada")


async def test_a_discarded_job_stays_failed_and_may_still_be_redriven(
    services: Services, decisions: DecisionStore, hand: Hand
) -> None:
    job_id = await queued(services)
    await hand.run(job_id, FAILED)
    assert await decisions.discard([job_id], tenant="default", by="ada") == {job_id}
    assert not await decisions.discard([job_id], tenant="default", by="ada")
    found = await row(services, job_id)
    assert (found["state"], found["discarded_by"]) == ("failed", "ada")
    assert await decisions.redrive([job_id], tenant="default", by="ada")
    assert (await row(services, job_id))["discarded_at"] is None


async def test_decisions_are_part_of_the_jobs_history(
    services: Services, decisions: DecisionStore, hand: Hand
) -> None:
    job_id = await queued(services)
    await hand.run(job_id, FAILED)
    await decisions.discard([job_id], tenant="default", by="ada")
    await decisions.redrive([job_id], tenant="default", by="bob")
    events = (await services.events.after({job_id: 0}))[job_id]
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert '"ada"' in events[3].data
    assert '"bob"' in events[4].data
