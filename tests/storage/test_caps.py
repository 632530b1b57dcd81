"""A tenant at its cap gets nothing more, however many claim; the others pass it by."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa

from haulage.domain import bulk
from haulage.domain.caps import Caps
from haulage.domain.job import Lease
from haulage.engine.services import Services
from haulage.storage.dispatch_store import LANES, DispatchStore
from haulage.storage.job_store import JobStore
from haulage.storage.settlement import Settlement
from tests.conftest import TestClock
from tests.factories import DONE, Hand, new_job


class Set:
    """The caps in force; a test changes them as somebody does over HTTP."""

    def __init__(self) -> None:
        self.now = Caps(own={"acme": 2})

    def __call__(self) -> Caps:
        return self.now


@pytest.fixture
def caps() -> Set:
    return Set()


@pytest.fixture
async def capped(services: Services, caps: Set) -> Services:
    database, clock = services.database, services.clock
    return replace(
        services,
        jobs=JobStore(database, services.blobs, clock, caps),
        dispatch=DispatchStore(database, clock, caps),
        caps=caps,
    )


async def insert(services: Services, count: int, **given: object) -> list[UUID]:
    """Jobs that are rung, as intake does while the window has room."""
    made = [new_job(**{"tenant": "acme", "rings": True, **given}) for _ in range(count)]
    await services.jobs.insert(made)
    return [job.id for job in made]


async def claim(services: Services, ids: Sequence[UUID], worker: UUID) -> list[Lease]:
    return await services.jobs.claim(ids, worker_id=worker, worker_pid=1)


async def rung(services: Services) -> set[UUID]:
    async with services.database.reading() as connection:
        found = await connection.execute(
            sa.text("SELECT id FROM jobs WHERE state = 'queued' AND rung_at IS NOT NULL")
        )
        return {row.id for row in found}


async def end(services: Services, lease: Lease) -> None:
    assert await services.jobs.settle([Settlement(lease.job_id, lease.fence, DONE)]) == [True]


async def ring(services: Services, limit: int = 100) -> list[UUID]:
    return [bell.job_id for bell in await services.dispatch.take_unrung("io", limit=limit)]


async def test_no_more_are_claimed_than_the_cap_and_the_first_of_them(capped: Services) -> None:
    hand = await Hand.hired(capped)
    ids = await insert(capped, 5)
    assert {lease.job_id for lease in await claim(capped, ids, hand.id)} == set(ids[:2])


async def test_others_in_the_same_batch_pass_a_full_tenant_by(capped: Services) -> None:
    hand = await Hand.hired(capped)
    ids = await insert(capped, 5)
    free = await insert(capped, 3, tenant="free")
    claimed = {lease.job_id for lease in await claim(capped, [*ids, *free], hand.id)}
    assert claimed == {*ids[:2], *free}


async def test_workers_that_claim_at_once_are_counted_together(capped: Services) -> None:
    hands = [await Hand.hired(capped) for _ in range(4)]
    ids = await insert(capped, 20)
    parts = [ids[place::4] for place in range(4)]
    claims = [claim(capped, part, hand.id) for part, hand in zip(parts, hands, strict=True)]
    assert sum(len(leases) for leases in await asyncio.gather(*claims)) == 2


async def test_what_is_held_back_is_unrung_and_waits_for_room(capped: Services) -> None:
    hand = await Hand.hired(capped)
    ids = await insert(capped, 5)
    first, _ = await claim(capped, ids, hand.id)
    assert await rung(capped) == set()
    assert await ring(capped) == []
    await end(capped, first)
    # As many as there is room for, and no message for those that would be turned away again.
    assert await ring(capped) == [ids[2]]
    assert await ring(capped) == []


async def test_of_others_the_window_takes_what_it_would_without_the_full_tenant(
    capped: Services, clock: TestClock
) -> None:
    hand = await Hand.hired(capped)
    await claim(capped, await insert(capped, 2), hand.id)
    await insert(capped, 50, rings=False)
    clock.advance(seconds=1)
    free = await insert(capped, 20, tenant="free", rings=False)
    assert set(await ring(capped, 20)) == set(free)


async def test_full_tenants_in_all_lanes_of_a_call_hide_nobody(capped: Services, caps: Set) -> None:
    caps.now = Caps(each=1)
    hand = await Hand.hired(capped)
    full = [f"a{number:03}" for number in range(LANES + 1)]
    running = [job for tenant in full for job in await insert(capped, 1, tenant=tenant)]
    await claim(capped, running, hand.id)
    await capped.jobs.insert([new_job(tenant=tenant, rings=False) for tenant in full])
    late = await insert(capped, 1, tenant="z", rings=False)
    assert await ring(capped) == late


async def test_a_cap_counts_over_queues_but_not_bulk_operations(capped: Services) -> None:
    hand = await Hand.hired(capped, queues=["io", "cpu", bulk.QUEUE])
    mixed = [*await insert(capped, 1), *await insert(capped, 2, queue="cpu")]
    assert len(await claim(capped, mixed, hand.id)) == 2
    # It may be the one that cancels what fills the tenant's places.
    empties = await insert(capped, 1, queue=bulk.QUEUE)
    assert len(await claim(capped, empties, hand.id)) == 1


async def test_one_of_its_own_takes_the_place_of_everybodys(capped: Services, caps: Set) -> None:
    caps.now = Caps(each=1, own={"big": 3})
    hand = await Hand.hired(capped)
    ids = [*await insert(capped, 5, tenant="big"), *await insert(capped, 5, tenant="small")]
    claimed = [lease.tenant for lease in await claim(capped, ids, hand.id)]
    assert (claimed.count("big"), claimed.count("small")) == (3, 1)


async def test_a_cap_that_is_raised_lets_more_through_at_once(capped: Services, caps: Set) -> None:
    hand = await Hand.hired(capped)
    ids = await insert(capped, 5)
    await claim(capped, ids, hand.id)
    caps.now = Caps(own={"acme": 4})
    assert await ring(capped) == ids[2:4]


async def test_a_cap_that_is_lowered_stops_nobody_who_runs(capped: Services, caps: Set) -> None:
    hand = await Hand.hired(capped)
    ids = await insert(capped, 4)
    first, second = await claim(capped, ids, hand.id)
    caps.now = Caps(own={"acme": 1})
    await end(capped, first)
    assert await ring(capped) == []
    await end(capped, second)
    assert await ring(capped) == [ids[2]]


async def told(ear: psycopg.AsyncConnection) -> int:
    """How often the dispatcher was told of room since the last time."""
    await ear.execute("NOTIFY haulage_submitted, 'until here'")
    heard = 0
    async for one in ear.notifies(timeout=10):
        if one.payload:
            return heard
        heard += 1
    raise TimeoutError


async def test_the_end_of_a_job_tells_of_room_where_others_wait_for_it(
    capped: Services, migrated_url: str
) -> None:
    hand = await Hand.hired(capped)
    first, second = await claim(capped, await insert(capped, 3), hand.id)
    (free,) = await claim(capped, await insert(capped, 1, tenant="free"), hand.id)
    await insert(capped, 1, tenant="free", rings=False)
    async with await psycopg.AsyncConnection.connect(migrated_url, autocommit=True) as ear:
        await ear.execute("LISTEN haulage_submitted")
        await end(capped, free)
        assert await told(ear) == 0
        await end(capped, first)
        assert await told(ear) == 1
        # Said again it has landed already: nothing is freed twice.
        await end(capped, first)
        assert await told(ear) == 0
        assert len(await ring(capped)) == 1 + 1
        await end(capped, second)
        assert await told(ear) == 0
