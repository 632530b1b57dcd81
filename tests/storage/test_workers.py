"""Workers: their beats, their orders, their ends."""

from datetime import timedelta

from haulage.domain.ids import uuid7
from haulage.engine.services import Services
from haulage.storage.worker_store import Beat
from tests.conftest import TestClock
from tests.factories import DONE, LEASE_S, Hand, queued


async def beat(services: Services, hand: Hand) -> Beat:
    return await services.workers.beat(hand.id, in_flight=3, backlog=2, rss_bytes=1000)


async def test_a_beat_says_that_the_worker_counts(services: Services, clock: TestClock) -> None:
    hand = await Hand.hired(services)
    clock.advance(seconds=2)
    answer = await beat(services, hand)
    assert answer.alive
    assert list(answer.orders) == []
    [shown] = await services.workers.alive()
    assert (shown["in_flight"], shown["rss_bytes"]) == (3, 1000)
    assert shown["heartbeat_at"] == clock.now()


async def test_a_beat_brings_postgresqls_time(services: Services) -> None:
    hand = await Hand.hired(services)
    before = await services.database.now()
    assert before <= (await beat(services, hand)).now <= await services.database.now()


async def test_a_worker_that_was_declared_dead_learns_it_and_never_comes_back(
    services: Services, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    clock.advance(seconds=LEASE_S + 1)
    assert await services.dispatch.end_silent_workers(lease_s=LEASE_S) == [hand.id]
    for _ in range(2):
        assert not (await beat(services, hand)).alive
    assert await services.workers.alive() == []


async def test_it_comes_back_as_somebody_new(services: Services) -> None:
    old = await Hand.hired(services)
    job_id = await queued(services)
    lease = await old.claim(job_id)
    await old.dies()
    await services.dispatch.rescue_orphans(limit=1)
    await services.dispatch.promote_due(limit=1)
    fresh = await Hand.hired(services)
    assert (await beat(services, fresh)).alive
    assert (await fresh.claim(job_id)).fence == lease.fence + 1


async def test_an_unknown_worker_is_not_alive(services: Services) -> None:
    assert not (await beat(services, Hand(services, uuid7()))).alive


async def test_a_cancel_becomes_an_order_to_the_worker_that_runs_the_job(
    services: Services, clock: TestClock
) -> None:
    hand, other = await Hand.hired(services), await Hand.hired(services)
    lease = await hand.claim(await queued(services))
    await services.jobs.cancel([lease.job_id], tenant=None, by="ann")
    clock.advance(seconds=1)
    [order] = (await beat(services, hand)).orders
    assert (order.job_id, order.fence, order.cause) == (lease.job_id, lease.fence, "cancel")
    assert (order.worker_pid, order.type, order.attempt, order.max_attempts) == (1, "echo", 1, 3)
    assert order.since == clock.now() - timedelta(seconds=1)
    assert list((await beat(services, other)).orders) == []
    await hand.settle(lease, DONE)
    assert list((await beat(services, hand)).orders) == []


async def test_an_attempt_past_its_time_limit_becomes_an_order(
    services: Services, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services, timeout_s=10.0))
    clock.advance(seconds=10)
    assert list((await beat(services, hand)).orders) == []
    clock.advance(seconds=1)
    [order] = (await beat(services, hand)).orders
    assert (order.job_id, order.cause) == (lease.job_id, "deadline")


async def test_a_clean_end_is_written_once(services: Services, clock: TestClock) -> None:
    hand = await Hand.hired(services)
    await services.workers.retire(hand.id)
    ended = clock.now()
    clock.advance(seconds=5)
    await services.workers.retire(hand.id, reason="again")
    assert await services.workers.alive() == []
    assert await services.workers.prune(older_than=ended) == 0
    assert await services.workers.prune(older_than=ended + timedelta(seconds=1)) == 1


async def test_living_workers_are_never_pruned(services: Services, clock: TestClock) -> None:
    await Hand.hired(services)
    assert await services.workers.prune(older_than=clock.now() + timedelta(days=9)) == 0


async def test_what_a_worker_holds_is_told_by_how_long(
    services: Services, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services))
    assert await services.workers.held(hand.id, for_s=10) == []
    clock.advance(seconds=11)
    [held] = await services.workers.held(hand.id, for_s=10)
    assert (held.job_id, held.fence, held.worker_pid) == (lease.job_id, lease.fence, 1)
    await hand.settle(lease, DONE)
    assert await services.workers.held(hand.id, for_s=0) == []


async def test_a_beat_counts_from_when_the_crew_last_moved(
    services: Services, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    clock.advance(seconds=LEASE_S)
    await services.workers.beat(hand.id, in_flight=0, still_s=2.0)
    clock.advance(seconds=1)
    await services.workers.beat(hand.id, in_flight=0, still_s=60.0)
    clock.advance(seconds=LEASE_S - 3.1)
    assert await services.dispatch.end_silent_workers(lease_s=LEASE_S) == []
    clock.advance(seconds=0.2)
    assert await services.dispatch.end_silent_workers(lease_s=LEASE_S) == [hand.id]
