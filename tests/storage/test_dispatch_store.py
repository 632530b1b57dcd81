"""The dispatcher's changes: who is due, who is rung, who is rescued."""

import asyncio
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from haulage.domain.job import Priority
from haulage.domain.lifecycle import State
from haulage.engine.services import Services
from haulage.storage.dispatch_store import Ringing
from tests.conftest import TestClock
from tests.factories import (
    Hand,
    brought_to,
    history,
    new_job,
    path,
    queued,
    retry,
    row,
    snooze,
    state,
)


async def unrung(services: Services, limit: int = 100, queue: str = "io") -> list[UUID]:
    return [bell.job_id for bell in await services.dispatch.take_unrung(queue, limit=limit)]


async def lost(services: Services, older_than_s: float, limit: int = 100) -> list[UUID]:
    bells = await services.dispatch.take_lost("io", older_than_s=older_than_s, limit=limit)
    return [bell.job_id for bell in bells]


async def test_only_what_is_due_is_promoted(services: Services, clock: TestClock) -> None:
    soon = await queued(services, run_at=clock.now() + timedelta(seconds=10))
    later = await queued(services, run_at=clock.now() + timedelta(seconds=11))
    assert await services.dispatch.promote_due(limit=10) == 0
    clock.advance(seconds=10)
    assert await services.dispatch.promote_due(limit=10) == 1
    assert (await state(services, soon), await state(services, later)) == ("queued", "scheduled")
    assert await services.dispatch.next_due_s() == 1
    assert await path(services, soon) == ["scheduled", "queued"]


@pytest.mark.parametrize("given", [one for one in State if one is not State.SCHEDULED])
async def test_nothing_but_a_scheduled_job_is_promoted(
    services: Services, clock: TestClock, given: State
) -> None:
    job_id = await brought_to(services, given)
    before = await row(services, job_id)
    clock.advance(days=1)
    assert await services.dispatch.promote_due(limit=10) == 0
    assert await row(services, job_id) == before


async def test_promotion_is_bounded_and_takes_the_earliest_first(
    services: Services, clock: TestClock
) -> None:
    ids = [
        await queued(services, run_at=clock.now() + timedelta(seconds=place)) for place in (3, 1, 2)
    ]
    clock.advance(seconds=10)
    assert await services.dispatch.promote_due(limit=2) == 2
    assert [await state(services, job_id) for job_id in ids] == ["scheduled", "queued", "queued"]


@pytest.mark.parametrize("given", [State.SCHEDULED, State.QUEUED, State.WAITING])
async def test_what_waits_past_its_deadline_fails(
    services: Services, clock: TestClock, given: State
) -> None:
    job_id = await brought_to(services, given, deadline=clock.now() + timedelta(seconds=60))
    clock.advance(seconds=59)
    assert await services.dispatch.expire(limit=10) == 0
    clock.advance(seconds=1)
    assert await services.dispatch.expire(limit=10) == 1
    found = await row(services, job_id)
    assert (found["state"], found["reason"]) == ("failed", "deadline")
    assert found["error"]["code"] == "deadline"
    assert found["finished_at"] == clock.now()
    assert (await history(services, job_id))[-1]["error"]["code"] == "deadline"


@pytest.mark.parametrize("given", [State.RUNNING, State.SUCCEEDED, State.FAILED, State.CANCELLED])
async def test_a_deadline_moves_nothing_that_runs_or_is_over(
    services: Services, clock: TestClock, given: State
) -> None:
    job_id = await brought_to(services, given, deadline=clock.now() + timedelta(seconds=60))
    before = await row(services, job_id)
    clock.advance(days=1)
    assert await services.dispatch.expire(limit=10) == 0
    assert await row(services, job_id) == before


async def test_jobs_are_rung_by_priority_and_then_by_time(
    services: Services, clock: TestClock
) -> None:
    made: dict[str, UUID] = {}
    for name, priority in [
        ("low", Priority.LOW),
        ("normal 1", Priority.NORMAL),
        ("high 1", Priority.HIGH),
        ("normal 2", Priority.NORMAL),
        ("high 2", Priority.HIGH),
    ]:
        clock.advance(seconds=1)
        made[name] = await queued(services, priority=priority, rings=False)
    assert await unrung(services, limit=3) == [made["high 1"], made["high 2"], made["normal 1"]]
    assert await unrung(services) == [made["normal 2"], made["low"]]
    assert await unrung(services) == []


async def test_many_bells_come_in_order(services: Services, clock: TestClock) -> None:
    ids = []
    for _ in range(30):
        clock.advance(seconds=1)
        ids.append(await queued(services, rings=False))
    assert await unrung(services) == ids


async def test_a_queue_rings_only_its_own(services: Services) -> None:
    job_id = await queued(services, queue="ocr", rings=False)
    assert await unrung(services, queue="io") == []
    assert await unrung(services, queue="ocr") == [job_id]


async def test_bells_are_counted_and_retries_ring_on_their_own_lane(services: Services) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services, rings=False)
    [first] = await services.dispatch.take_unrung("io", limit=1)
    assert (first.job_id, first.rings, first.retry) == (job_id, 1, False)
    await hand.run(job_id, snooze(0.0))
    await services.dispatch.promote_due(limit=1)
    [second] = await services.dispatch.take_unrung("io", limit=1)
    assert (second.rings, second.retry) == (2, False)
    await hand.run(job_id, retry(0.0))
    await services.dispatch.promote_due(limit=1)
    [third] = await services.dispatch.take_unrung("io", limit=1)
    assert (third.rings, third.retry) == (3, True)


async def test_two_leaders_by_mistake_do_not_ring_the_same_job(services: Services) -> None:
    ids = [await queued(services, rings=False) for _ in range(30)]
    taken = await asyncio.gather(*(unrung(services, limit=10) for _ in range(6)))
    rung = [job_id for some in taken for job_id in some]
    assert len(rung) == len(set(rung))
    rung += await unrung(services)
    assert sorted(rung) == sorted(ids)


async def test_a_ring_is_lost_only_once_it_is_old_enough(
    services: Services, clock: TestClock
) -> None:
    job_id = await queued(services)
    clock.advance(seconds=2)
    assert await lost(services, 2.0) == []
    clock.advance(seconds=0.1)
    assert await lost(services, 2.0) == [job_id]
    assert await lost(services, 2.0) == []
    assert (await row(services, job_id))["rings"] == 2


async def test_what_was_claimed_or_never_rung_is_not_lost(
    services: Services, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    await hand.claim(await queued(services))
    await queued(services, rings=False)
    clock.advance(days=1)
    assert await lost(services, 2.0) == []


async def test_rung_and_unclaimed_jobs_are_counted_by_queue(services: Services) -> None:
    hand = await Hand.hired(services)
    for queue in ("io", "io", "cpu"):
        await queued(services, queue=queue)
    await hand.claim(await queued(services))
    await queued(services, rings=False)
    assert await services.dispatch.rung_waiting() == {"io": Ringing(2), "cpu": Ringing(1)}


async def test_what_living_workers_end_a_second_is_told_by_queue(services: Services) -> None:
    quick, other, gone = [await Hand.hired(services) for _ in range(3)]
    await queued(services)
    await services.workers.beat(quick.id, in_flight=0, paces={"io": 3000.5, "rare": 1.0})
    await services.workers.beat(other.id, in_flight=0, paces={"io": 500.0})
    await services.workers.beat(gone.id, in_flight=0, paces={"io": 9000.0})
    await services.workers.retire(gone.id)
    assert await services.dispatch.rung_waiting() == {
        "io": Ringing(1, 3500.5),
        "rare": Ringing(0, 1.0),
    }


async def test_a_worker_that_ended_nothing_since_its_last_beat_has_no_pace(
    services: Services,
) -> None:
    hand = await Hand.hired(services)
    await services.workers.beat(hand.id, in_flight=0, paces={"io": 3000.0})
    await services.workers.beat(hand.id, in_flight=0, paces={})
    assert await services.dispatch.rung_waiting() == {}


async def test_queues_with_jobs_to_ring_are_told_from_those_without(services: Services) -> None:
    await queued(services, queue="io", rings=False)
    await queued(services, queue="cpu")
    assert await services.dispatch.unrung(["io", "cpu", "bulk"]) == {"io"}


async def test_a_queue_has_a_free_slot_only_where_a_living_worker_says_so(
    services: Services,
) -> None:
    assert not await services.dispatch.has_free_slot("io")
    hand = await Hand.hired(services, slots=2)
    assert await services.dispatch.has_free_slot("io")
    assert not await services.dispatch.has_free_slot("cpu")
    await services.workers.beat(hand.id, in_flight=1, backlog=1, rss_bytes=None)
    assert not await services.dispatch.has_free_slot("io")
    await services.workers.beat(hand.id, in_flight=1, backlog=0, rss_bytes=None)
    assert await services.dispatch.has_free_slot("io")
    await hand.dies()
    assert not await services.dispatch.has_free_slot("io")


async def test_a_plan_made_while_there_were_no_jobs_does_not_read_all_that_came(
    services: Services, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        # A table that has never held a row is planned for as if it had ten pages.
        connection.execute("TRUNCATE jobs CASCADE")
        # The driver prepares after five times, PostgreSQL keeps its plan after five more.
        for _ in range(12):
            assert await unrung(services) == []
        await services.jobs.insert([new_job(rings=False) for _ in range(500)])
        before = read_in_sequence(connection)
        assert len(await unrung(services)) == 100
        assert len(await unrung(services)) == 100
        await (
            services.database.close()
        )  # a connection tells its statistics at its end, at the latest
        assert read_in_sequence(connection) == before


def read_in_sequence(connection: psycopg.Connection) -> int:
    """How many rows of `jobs` statements have read without an index."""
    found = connection.execute(
        "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'jobs'"
    ).fetchone()
    assert found is not None
    return int(found[0])
