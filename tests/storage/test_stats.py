"""What happened is counted once, whoever did it and however it came about."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random

import pytest
import sqlalchemy as sa

from haulage.domain.histogram import seconds_of, slot_of
from haulage.domain.lifecycle import TERMINAL, State
from haulage.domain.outcome import ErrorInfo, Failed
from haulage.engine.accountant import Accountant
from haulage.engine.services import Services
from haulage.storage.stat_store import KEPT, MAX_CODES, OTHERS, StatStore, Sum, floor
from haulage.storage.tally_sql import slot
from tests.conftest import TestClock
from tests.factories import DONE, FAILED, Hand, brought_to, queued, retry


@pytest.fixture
def store(services: Services) -> StatStore:
    return StatStore(services.database)


async def total(store: StatStore, clock: TestClock, step_s: int = 60, **which) -> Sum:
    day = timedelta(days=1)
    now = clock.now()
    found = await store.series(
        tenant="default", step_s=step_s, start=now - day, end=now + day, **which
    )
    everything = Sum()
    for _, one in found:
        everything.add(one)
    return everything


async def told_by_events(services: Services) -> Counter[str]:
    """The same counts by the jobs' own histories."""
    counts: Counter[str] = Counter()
    async with services.database.reading() as connection:
        rows = await connection.execute(
            sa.text("SELECT seq, data->>'state' AS state FROM events WHERE kind = 'state'")
        )
        for row in rows:
            counts["submitted"] += row.seq == 1
            counts["started"] += row.state == State.RUNNING
            if row.state in TERMINAL:
                counts[row.state] += 1
    return counts


async def test_every_way_to_begin_and_to_end_is_counted(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    for state in State:
        await brought_to(services, state)
    hand = await Hand.hired(services)
    await queued(services, deadline=clock.now() + timedelta(seconds=1))
    deadly = await queued(services, max_crashes=1)
    stopped, doomed = await queued(services), await queued(services)
    lease = await hand.claim(stopped)
    dying = await Hand.hired(services)
    await dying.claim(deadly)
    await services.jobs.cancel([stopped], tenant=None, by="test")
    assert await services.dispatch.give_back([(lease.job_id, lease.fence)]) == 1
    lost = await Hand.hired(services)
    await lost.claim(doomed)
    await services.jobs.cancel([doomed], tenant=None, by="test")
    clock.advance(seconds=2)
    await dying.dies()
    await lost.dies()
    await services.dispatch.expire(limit=10)
    await services.dispatch.rescue_orphans(limit=10)

    expected = await told_by_events(services)
    assert set(expected) == {"submitted", "started", "succeeded", "failed", "cancelled"}
    await store.fold(limit=1_000)
    found = await total(store, clock)
    assert found.counts == expected
    assert found.failures == {"odd": 1, "deadline": 1, "quarantined": 1}
    assert found.latency.total() == expected["started"]


async def test_what_did_not_land_is_not_counted(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    lease = await hand.claim(job_id)
    assert await hand.settle(lease, DONE)
    assert await hand.settle(lease, DONE)  # the same again, after a lost answer
    assert not await hand.settle(lease, FAILED)
    await services.jobs.cancel([job_id], tenant=None, by="test")
    await store.fold(limit=1_000)
    assert +(await total(store, clock)).counts == {"submitted": 1, "started": 1, "succeeded": 1}


async def test_a_job_that_runs_again_counts_again(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.run(job_id, retry())
    clock.advance(seconds=20)
    await services.dispatch.promote_due(limit=1)
    await hand.run(job_id, FAILED)
    await services.decisions.redrive([job_id], tenant="default", by="test")
    await hand.run(job_id, DONE)
    await store.fold(limit=1_000)
    counted = {"submitted": 1, "started": 3, "failed": 1, "succeeded": 1}
    assert +(await total(store, clock)).counts == counted


async def test_waiting_and_running_times_are_told(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    clock.advance(seconds=4)
    lease = await hand.claim(job_id)
    clock.advance(seconds=30)
    await hand.settle(lease, DONE)
    await store.fold(limit=1_000)
    found = await total(store, clock)
    assert found.latency == {slot_of(4): 1}
    assert found.duration == {slot_of(30): 1}
    assert seconds_of(slot_of(30)) == pytest.approx(30, rel=0.05)


async def test_how_long_children_wait_is_no_latency(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    parent = await queued(services)
    lease = await hand.claim(parent)
    children = [await queued(services, parent_id=lease.job_id) for _ in range(3)]
    clock.advance(seconds=60)
    await hand.claim_all(*children)
    await store.fold(limit=1_000)
    found = await total(store, clock)
    assert found.counts["started"] == 4
    assert found.latency == {slot_of(0): 1}


async def test_sql_and_python_find_the_same_slot(services: Services, random: Random) -> None:
    values = [0.0, -1.0, 0.0001, 1e9, *(10 ** random.uniform(-5, 8) for _ in range(500))]
    async with services.database.reading() as connection:
        rows = await connection.execute(
            sa.text(f"SELECT {slot('v')} AS slot FROM unnest(CAST(:v AS float8[])) AS v"),
            {"v": values},
        )
        found = [row.slot for row in rows]
    assert found == [slot_of(value) for value in values]


async def test_sums_are_kept_by_type_by_queue_and_of_all(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    for given in ({"type": "a"}, {"type": "a", "queue": "ocr"}, {"type": "b"}):
        await queued(services, **given)
    await queued(services, tenant="other")
    await store.fold(limit=1_000)

    async def submitted(**which) -> list[int]:
        return [(await total(store, clock, step_s, **which)).counts["submitted"] for step_s in KEPT]

    assert await submitted() == [3, 3, 3]
    assert await submitted(types=["a"]) == [2, 2, 2]
    assert await submitted(queues=["io"]) == [2, 2, 2]
    assert await submitted(types=["a"], queues=["ocr"]) == [1, 1, 1]
    assert await submitted(types=["a", "b"]) == [3, 3, 3]


async def test_two_folds_at_once_and_many_small_ones_count_each_tally_once(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    for number in range(30):
        await queued(services, type=f"t{number % 3}")
        clock.advance(seconds=20)
    folded = await asyncio.gather(*(store.fold(limit=7) for _ in range(5)))
    assert sum(folded) == 30
    assert await store.fold(limit=7) == 0
    for step_s in KEPT:
        assert (await total(store, clock, step_s)).counts["submitted"] == 30


async def test_a_minute_that_is_folded_in_two_parts_is_their_sum(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    for _ in range(2):
        await brought_to(services, State.FAILED)
        await store.fold(limit=1_000)
    found = await total(store, clock)
    assert (found.counts["failed"], found.failures, found.duration.total()) == (2, {"odd": 2}, 2)


async def test_codes_without_end_share_one_name(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    for number in range(MAX_CODES + 5):
        error = ErrorInfo(f"code {number}", "Odd.", retryable=False)
        await hand.run(await queued(services), Failed(error))
    await store.fold(limit=1_000)
    found = await total(store, clock)
    assert (len(found.failures), found.failures[OTHERS]) == (MAX_CODES + 1, 5)
    assert found.failures.total() == MAX_CODES + 5


async def test_sums_outlive_their_jobs_and_go_after_their_time(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    await queued(services)
    accountant = Accountant(store, clock)
    await accountant.round(lambda: True)
    start = floor(clock.now(), 3600)

    async def left() -> list[int]:
        query = {"tenant": "default", "start": start, "end": start + timedelta(hours=1)}
        return [len(await store.series(step_s=step_s, **query)) for step_s in KEPT]

    assert await left() == [1, 1, 1]
    for days, expected in ((3, [0, 1, 1]), (12, [0, 0, 1]), (400, [0, 0, 0])):
        clock.advance(days=days)
        await accountant.round(lambda: True)
        assert await left() == expected


async def test_an_accountant_that_no_longer_leads_does_nothing(
    services: Services, store: StatStore, clock: TestClock
) -> None:
    await queued(services)
    await Accountant(store, clock).round(lambda: False)
    assert (await total(store, clock)).counts == {}
