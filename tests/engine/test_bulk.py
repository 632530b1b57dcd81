"""Bulk operations as jobs: what they change, and what they leave alone."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from haulage.domain import bulk
from haulage.domain.bulk import Action
from haulage.domain.context import Child, Context
from haulage.domain.errors import UnknownJobType
from haulage.domain.job_type import Registry
from haulage.domain.lifecycle import State
from haulage.domain.outcome import Waiting
from haulage.engine.services import Services
from haulage.storage.database import Database
from haulage.storage.job_filter import JobFilter
from tests.conftest import TestClock
from tests.engine.conftest import Bench
from tests.factories import FAILED, Hand, brought_to, history, queued, row, state
from tests.support.bulk_desk import Desk, outcome, states


async def test_a_bulk_cancel_cancels_what_is_meant_and_nothing_else(
    desk: Desk, services: Services
) -> None:
    meant = await desk.several(7)
    others = [await queued(services, type="other"), await queued(services, tenant="other")]
    assert await desk.do(Action.CANCEL) == outcome(changed=7)
    assert await states(services, meant) == ["cancelled"] * 7
    assert await states(services, others) == ["queued"] * 2


async def test_each_job_keeps_who_did_it_why_and_in_which_operation(
    desk: Desk, services: Services
) -> None:
    job_id, running = await desk.several(2)
    await (await Hand.hired(services)).claim(running)
    operation = await desk.order(Action.CANCEL)
    await desk.run(operation)
    assert (await row(services, job_id))["cancelled_by"] == "ada"
    told = {"bulk": str(operation), "why": "stale"}
    assert (await history(services, job_id))[-1] == {
        "kind": "state", "state": "cancelled", "cancelled_by": "ada", **told
    }  # fmt: skip
    # What runs ends when its worker has stopped it.
    assert (await row(services, running))["cancel_requested_at"] is not None
    assert (await history(services, running))[-1] == {
        "kind": "log", "message": "cancel requested", "fields": {"by": "ada", **told}
    }  # fmt: skip


@pytest.mark.parametrize("action", [Action.RETRY, Action.REDRIVE])
async def test_a_bulk_redrive_says_so_in_each_jobs_history(
    desk: Desk, services: Services, action: Action
) -> None:
    failed = await brought_to(services, State.FAILED)
    cancelled = await brought_to(services, State.CANCELLED)
    operation = await desk.order(action)
    changed = 2 if action is Action.RETRY else 1
    assert await desk.run(operation) == outcome(changed=changed)
    last = (await history(services, failed))[-1]
    assert (last["state"], last["bulk"], last["why"]) == ("queued", str(operation), "stale")
    assert await state(services, cancelled) == ("queued" if changed == 2 else "cancelled")


async def test_a_bulk_discard_leaves_children_and_what_was_discarded_alone(
    desk: Desk, services: Services
) -> None:
    parent = await brought_to(services, State.FAILED)
    child = await queued(services, parent_id=parent)
    aside = await brought_to(services, State.FAILED)
    await services.decisions.discard([aside], tenant="default", by="bob")
    assert await desk.do(Action.DISCARD) == outcome(changed=1)
    assert (await row(services, parent))["discarded_by"] == "ada"
    assert (await row(services, aside))["discarded_by"] == "bob"
    assert await state(services, child) is State.QUEUED
    # Nor does a retry of everything take back what somebody has put aside.
    assert await desk.do(Action.RETRY) == outcome()


async def test_a_frozen_filter_does_not_catch_newcomers(
    desk: Desk, services: Services, clock: TestClock
) -> None:
    before, fails_late = await desk.several(2)
    hand = await Hand.hired(services)
    await hand.run(before, FAILED)
    operation = await desk.order(Action.REDRIVE)
    clock.advance(seconds=1)
    await hand.run(fails_late, FAILED)
    assert await desk.run(operation) == outcome(changed=1)
    assert await states(services, [before, fails_late]) == ["queued", "failed"]

    operation = await desk.order(Action.CANCEL)
    newcomer = await queued(services)
    await desk.run(operation)
    assert await states(services, [before, newcomer]) == ["cancelled", "queued"]


async def test_a_cancelled_parents_children_are_reached(desk: Desk, services: Services) -> None:
    parent = await queued(services, type="family")
    await (await Hand.hired(services)).run(parent, Waiting())
    child = await queued(services, type="other", parent_id=parent)
    grandchild = await queued(services, type="other", parent_id=child)
    operation = await desk.order(Action.CANCEL, JobFilter(types=["family"]))
    assert await desk.run(operation) == outcome(changed=1)
    assert await states(services, [parent, child, grandchild]) == ["cancelled"] * 3
    assert (await history(services, grandchild))[-1]["bulk"] == str(operation)


async def test_bulk_operations_leave_each_other_alone(desk: Desk, services: Services) -> None:
    first = await desk.order(Action.CANCEL)
    assert await desk.do(Action.CANCEL, JobFilter()) == outcome()
    assert await state(services, first) is State.QUEUED


async def test_an_operation_shows_how_far_it_is(desk: Desk, services: Services) -> None:
    await desk.several(3)
    operation = await desk.order(Action.CANCEL)
    await desk.run(operation)
    shown = (await row(services, operation))["progress"]
    assert (shown["done"], shown["total"], shown["percent"]) == (3, 3, 100.0)


def test_nobody_submits_one_by_its_name(desk: Desk, registry: Registry) -> None:
    assert bulk.TYPE in registry
    assert [declared.name for declared in registry] == []
    with pytest.raises(UnknownJobType):
        registry.offered(bulk.TYPE)


async def test_no_handler_spawns_one(desk: Desk, bench: Bench, services: Services) -> None:
    async def handler(input: object, ctx: Context) -> object:
        return await ctx.children("all", [Child(bulk.TYPE, {"action": "cancel"})])

    job_id = await bench.run(handler)
    assert (await row(services, job_id))["error"]["code"] == "unknown_job_type"


async def test_its_progress_goes_when_the_job_is_forgotten(
    desk: Desk, services: Services, database: Database, clock: TestClock
) -> None:
    from haulage.storage.retention_store import RetentionStore

    await desk.do(Action.CANCEL)
    later = clock.now() + timedelta(days=1)
    await RetentionStore(database, clock).forget_jobs(finished_before=later, limit=10)
    async with database.reading() as connection:
        count = await connection.execute(sa.text("SELECT count(*) FROM bulk_progress"))
        assert count.scalar_one() == 0
