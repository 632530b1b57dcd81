"""Bulk operations when jobs change under them, workers die, somebody aborts, PostgreSQL refuses."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from haulage.domain.bulk import Action
from haulage.domain.errors import LeaseLost, Unavailable
from haulage.domain.job import Lease
from haulage.domain.lifecycle import State
from haulage.engine import bulk as operations
from haulage.engine.control import Control
from haulage.engine.services import Services
from haulage.storage.bulk_orders import Target
from haulage.storage.bulk_store import Batch, BulkStore, Counts
from tests.factories import FAILED, Hand, history, path, queued, row
from tests.support.bulk_desk import EVERY, Desk, outcome, states
from tests.support.crash_points import CrashingDatabase, Point


async def test_a_job_that_changed_before_its_turn_is_skipped_and_stays_as_it_is(
    desk: Desk, services: Services
) -> None:
    waiting, claimed, done = await desk.several(3)
    store = BulkStore(services.database, services.clock)
    wanted = replace(EVERY, states=[State.QUEUED])
    lease = await desk.lease(await desk.order(Action.CANCEL, wanted))
    order = await desk.read(lease)
    await store.begin(lease, order)
    targets = await store.targets(order, tenant="default", after=None, limit=10)
    hand = await Hand.hired(services)
    await hand.claim(claimed)
    await hand.run(done, FAILED)
    batch = await store.apply(lease, order, targets, before=None)
    assert batch.changed == {waiting}
    assert batch.counts == Counts(3, changed=1, skipped=2, place=targets[-1])
    assert await states(services, [claimed, done]) == ["running", "failed"]
    assert (await row(services, claimed))["cancel_requested_at"] is None


async def test_what_left_the_filter_before_it_was_looked_at_counts_as_skipped(
    desk: Desk, services: Services
) -> None:
    ids = await desk.several(3)
    wanted = replace(EVERY, states=[State.QUEUED])
    operation = await desk.order(Action.CANCEL, wanted)
    lease = await desk.lease(operation)
    order = await desk.read(lease)
    await BulkStore(services.database, services.clock).begin(lease, order)
    await (await Hand.hired(services)).claim(ids[0])
    await desk.work(lease)
    assert (await row(services, operation))["result"] == outcome(changed=2, skipped=1)


async def test_after_a_kill_between_batches_the_next_attempt_goes_on_where_it_stood(
    desk: Desk, services: Services
) -> None:
    ids = await desk.several(5)
    store = BulkStore(services.database, services.clock)
    operation = await desk.order(Action.CANCEL)
    hand = await Hand.hired(services)
    lease = await hand.claim(operation)
    order = await desk.read(lease)
    await store.begin(lease, order)
    targets = await store.targets(order, tenant="default", after=None, limit=10)
    await store.apply(lease, order, targets[:2], before=None)
    await hand.dies()
    await services.dispatch.rescue_orphans(limit=10)
    await services.dispatch.promote_due(limit=10)
    again = await desk.lease(operation)
    # The first attempt is alive after all: its worker was only frozen.
    with pytest.raises(LeaseLost):
        await store.apply(lease, order, targets[2:4], before=targets[1])
    assert await states(services, ids) == ["cancelled"] * 2 + ["queued"] * 3
    assert await desk.work(again)
    assert (await row(services, operation))["result"] == outcome(changed=5)
    assert [await path(services, job_id) for job_id in ids] == [["queued", "cancelled"]] * 5


@pytest.fixture
async def crashing(database_url: str, services: Services) -> AsyncIterator[CrashingDatabase]:
    database = CrashingDatabase(database_url, pool_size=2)
    yield database
    await database.close()


@pytest.mark.parametrize("point", ["before", "after"])
async def test_a_batch_whose_commit_is_not_heard_of_counts_once(
    desk: Desk, services: Services, crashing: CrashingDatabase, point: Point
) -> None:
    await desk.several(2)
    lease = await desk.lease(await desk.order(Action.CANCEL))
    order = await desk.read(lease)
    store = BulkStore(crashing, services.clock)
    await store.begin(lease, order)
    targets = await store.targets(order, tenant="default", after=None, limit=10)
    crashing.crash_at = point
    with pytest.raises(Unavailable):
        await store.apply(lease, order, targets, before=None)
    batch = await store.apply(lease, order, targets, before=None)
    assert batch.counts == Counts(2, changed=2, place=targets[-1])


async def test_an_abort_stops_it_and_a_retry_goes_on(
    desk: Desk, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await desk.several(6)
    operation = await desk.order(Action.CANCEL)
    apply = BulkStore.apply

    async def and_somebody_aborts(
        store: BulkStore, lease: Lease, *args: Any, before: Target | None
    ) -> Batch:
        batch = await apply(store, lease, *args, before=before)
        if batch.counts.changed == 4:
            await Control(services).cancel([operation], tenant="default", by="bob")
        return batch

    monkeypatch.setattr(BulkStore, "apply", and_somebody_aborts)
    await desk.work(await desk.lease(operation))
    assert (await row(services, operation))["state"] == "cancelled"
    assert (await row(services, operation))["cancelled_by"] == "bob"
    assert await states(services, ids) == ["cancelled"] * 4 + ["queued"] * 2
    await services.decisions.redrive([operation], tenant="default", by="bob")
    assert await desk.run(operation) == outcome(changed=6)


async def test_two_operations_over_the_same_jobs_change_each_once(
    desk: Desk, services: Services
) -> None:
    ids = await desk.several(20)
    both = [await desk.order(Action.CANCEL) for _ in range(2)]
    found = await asyncio.gather(*(desk.run(one) for one in both))
    assert sum(one["changed"] for one in found) == 20
    assert all(one["changed"] + one["skipped"] == one["total"] for one in found)
    assert [await path(services, job_id) for job_id in ids] == [["queued", "cancelled"]] * 20


@pytest.fixture
def refusing(database_url: str) -> Iterator[psycopg.Connection]:
    """PostgreSQL refuses to change jobs that have the tag `cursed`."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'cursed'; END $$;"
            "CREATE TRIGGER refuse BEFORE UPDATE ON jobs FOR EACH ROW"
            " WHEN (OLD.tags @> ARRAY['cursed']) EXECUTE FUNCTION refuse()"
        )
        yield connection
        connection.execute("DROP TRIGGER refuse ON jobs; DROP FUNCTION refuse()")


async def test_a_job_that_cannot_be_changed_is_counted_and_holds_up_nobody(
    desk: Desk, services: Services, refusing: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "BATCH", 4)
    fine = await desk.several(2)
    cursed = await queued(services, tags=("cursed",))
    fine += await desk.several(3)
    operation = await desk.order(Action.CANCEL)
    assert await desk.run(operation) == outcome(changed=5, failed=1)
    assert await states(services, [*fine, cursed]) == ["cancelled"] * 5 + ["queued"]
    told = [one for one in await history(services, operation) if one["kind"] == "log"]
    assert told[0]["fields"] == {"job_id": str(cursed), "error": "RaiseException"}
