"""Rescue: what dead workers and dead children held is taken back, once, and counted."""

from uuid import UUID

import pytest

from haulage.domain.ids import uuid7
from haulage.domain.job import Priority
from haulage.domain.lifecycle import State
from haulage.engine.services import Services
from tests.conftest import TestClock
from tests.factories import (
    DONE,
    LEASE_S,
    Hand,
    brought_to,
    history,
    queued,
    retry,
    row,
    state,
)


async def unrung(services: Services, limit: int = 100, queue: str = "io") -> list[UUID]:
    return [bell.job_id for bell in await services.dispatch.take_unrung(queue, limit=limit)]


async def lost(services: Services, older_than_s: float, limit: int = 100) -> list[UUID]:
    bells = await services.dispatch.take_lost("io", older_than_s=older_than_s, limit=limit)
    return [bell.job_id for bell in bells]


async def test_a_silent_worker_is_declared_dead_once(services: Services, clock: TestClock) -> None:
    silent, lively = await Hand.hired(services), await Hand.hired(services)
    clock.advance(seconds=LEASE_S)
    assert await services.dispatch.end_silent_workers(lease_s=LEASE_S) == []
    await services.workers.beat(lively.id, in_flight=0, backlog=0, rss_bytes=None)
    clock.advance(seconds=1)
    assert await services.dispatch.end_silent_workers(lease_s=LEASE_S) == [silent.id]
    assert await services.dispatch.end_silent_workers(lease_s=LEASE_S) == []


async def test_jobs_of_a_dead_worker_are_rescued_without_charging_an_attempt(
    services: Services,
) -> None:
    dead, living = await Hand.hired(services), await Hand.hired(services)
    orphan, held = await queued(services), await queued(services)
    await dead.claim(orphan)
    await living.claim(held)
    await dead.dies()
    [rescued] = await services.dispatch.rescue_orphans(limit=10)
    assert (rescued.job_id, rescued.state, rescued.crashes) == (orphan, State.SCHEDULED, 1)
    found = await row(services, orphan)
    assert (found["attempt"], found["fence"], found["reason"]) == (0, 1, "rescued")
    assert await state(services, held) is State.RUNNING
    await services.dispatch.promote_due(limit=10)
    assert (await living.claim(orphan)).fence == 2


async def test_a_job_that_kills_workers_is_quarantined(services: Services) -> None:
    job_id = await queued(services, max_crashes=2)
    for crashes in (1, 2):
        hand = await Hand.hired(services)
        await hand.claim(job_id)
        await hand.dies()
        [rescued] = await services.dispatch.rescue_orphans(limit=10)
        assert rescued.crashes == crashes
        await services.dispatch.promote_due(limit=10)
    found = await row(services, job_id)
    assert (found["state"], found["reason"]) == ("failed", "quarantined")
    assert found["error"]["code"] == "quarantined"
    assert "2 times" in found["error"]["message"]
    assert (await history(services, job_id))[-1]["crashes"] == 2


async def test_an_orphan_whose_cancel_was_asked_for_is_cancelled(services: Services) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services, max_crashes=1)
    await hand.claim(job_id)
    await services.jobs.cancel([job_id], tenant=None, by="ann")
    await hand.dies()
    [rescued] = await services.dispatch.rescue_orphans(limit=10)
    assert rescued.state is State.CANCELLED
    found = await row(services, job_id)
    assert (found["cancelled_by"], found["error"]) == ("ann", None)


async def test_rescue_is_bounded_and_goes_on(services: Services) -> None:
    hand = await Hand.hired(services)
    for _ in range(5):
        await hand.claim(await queued(services))
    await hand.dies()
    assert [len(await services.dispatch.rescue_orphans(limit=2)) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize("given", [one for one in State if one is not State.RUNNING])
async def test_nothing_but_a_running_job_is_rescued(services: Services, given: State) -> None:
    await brought_to(services, given)
    for worker in await services.workers.alive():
        await services.workers.retire(worker["id"])
    assert await services.dispatch.rescue_orphans(limit=10) == []


async def test_a_dead_child_gives_up_its_own_job_only(services: Services) -> None:
    parent = await Hand.hired(services)
    parent.pid = 11
    first = await queued(services)
    await parent.claim(first)
    parent.pid = 12
    second = await queued(services)
    await parent.claim(second)
    other = Hand(services, uuid7(), pid=11)
    assert await services.dispatch.rescue_of_child(other.id, 11) == []
    assert await services.dispatch.rescue_of_child(parent.id, 11, job_id=second) == []
    [rescued] = await services.dispatch.rescue_of_child(parent.id, 11)
    assert (rescued.job_id, rescued.crashes) == (first, 1)
    assert await state(services, second) is State.RUNNING


async def test_a_lease_given_back_charges_neither_attempt_nor_crash(
    services: Services, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services))
    clock.advance(seconds=1)
    assert await services.dispatch.give_back([(lease.job_id, lease.fence)]) == 1
    found = await row(services, lease.job_id)
    assert (found["state"], found["reason"]) == ("scheduled", "given_back")
    assert (found["attempt"], found["crashes"], found["fence"]) == (0, 0, 1)
    assert found["scheduled_at"] < clock.now()  # it is due already, and keeps its place
    assert not await hand.settle(lease, DONE)
    assert await services.dispatch.give_back([(lease.job_id, lease.fence)]) == 0


async def test_a_stale_lease_cannot_be_given_back(services: Services) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    stale = await hand.run(job_id, retry(0.0))
    await services.dispatch.promote_due(limit=1)
    await hand.claim(job_id)
    assert await services.dispatch.give_back([(job_id, stale.fence)]) == 0
    assert await services.dispatch.give_back([]) == 0
    assert await state(services, job_id) is State.RUNNING


async def test_a_lease_given_back_after_a_cancel_is_cancelled(services: Services) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services))
    await services.jobs.cancel([lease.job_id], tenant=None, by="ann")
    assert await services.dispatch.give_back([(lease.job_id, lease.fence)]) == 1
    found = await row(services, lease.job_id)
    assert (found["state"], found["cancelled_by"]) == ("cancelled", "ann")


@pytest.mark.parametrize("way", ["rescued", "given_back"])
async def test_what_was_running_already_goes_before_all_that_waits(
    services: Services, clock: TestClock, way: str
) -> None:
    hand = await Hand.hired(services)
    first, second = [await queued(services, priority=Priority.LOW) for _ in range(2)]
    lease = await hand.claim(first)
    waiting = [await queued(services, priority=Priority.LOW, rings=False) for _ in range(3)]
    clock.advance(seconds=5)
    if way == "rescued":
        await hand.dies()
        await services.dispatch.rescue_orphans(limit=10)
    else:
        await services.dispatch.give_back([(lease.job_id, lease.fence)])
    await services.dispatch.promote_due(limit=10)
    bells = await services.dispatch.take_unrung("io", limit=2)
    assert [(bell.job_id, bell.priority) for bell in bells] == [
        (first, Priority.HIGH),
        (waiting[0], Priority.LOW),
    ]
    again = await (await Hand.hired(services)).claim(first)
    # How long it ran before is no latency of its queue.
    assert again.due_at == clock.now()
    assert (await (await Hand.hired(services)).claim(second)).due_at < clock.now()
