"""Every state against every operation of the store: a row moves only where the table allows it."""

from collections.abc import Awaitable, Callable
from itertools import pairwise
from uuid import UUID

import pytest

from haulage.domain.lifecycle import REDRIVABLE, TRANSITIONS, State
from haulage.domain.outcome import Cancelled, Outcome, Snooze, Waiting
from haulage.engine.services import Services
from haulage.storage.job_store import Settlement
from tests.factories import DONE, FAILED, Hand, brought_to, path, retry, row

Operation = Callable[[Services, UUID, int], Awaitable[object]]


def settling(outcome: Outcome) -> Operation:
    async def settle(services: Services, job_id: UUID, fence: int) -> object:
        return await services.jobs.settle([Settlement(job_id, fence, outcome)])

    return settle


async def claim(services: Services, job_id: UUID, fence: int) -> object:
    return await (await Hand.hired(services)).claim_all(job_id)


async def cancel(services: Services, job_id: UUID, fence: int) -> object:
    return await services.jobs.cancel([job_id], tenant="default", by="test")


async def rescue(services: Services, job_id: UUID, fence: int) -> object:
    await services.dispatch.end_silent_workers(lease_s=-1.0)
    return await services.dispatch.rescue_orphans(limit=10)


async def give_back(services: Services, job_id: UUID, fence: int) -> object:
    return await services.dispatch.give_back([(job_id, fence)])


async def promote(services: Services, job_id: UUID, fence: int) -> object:
    return await services.dispatch.promote_due(limit=10)


async def expire(services: Services, job_id: UUID, fence: int) -> object:
    return await services.dispatch.expire(limit=10)


async def wake(services: Services, job_id: UUID, fence: int) -> object:
    return await services.families.wake_ready(limit=10)


async def redrive(services: Services, job_id: UUID, fence: int) -> object:
    return await services.decisions.redrive([job_id], tenant="default", by="test")


async def discard(services: Services, job_id: UUID, fence: int) -> object:
    return await services.decisions.discard([job_id], tenant="default", by="test")


# Each with the states that it may take a job out of.
OPERATIONS: dict[str, tuple[Operation, set[State]]] = {
    "claim": (claim, {State.QUEUED}),
    "succeed": (settling(DONE), {State.RUNNING}),
    "fail": (settling(FAILED), {State.RUNNING}),
    "retry": (settling(retry()), {State.RUNNING}),
    "snooze": (settling(Snooze(60.0)), {State.RUNNING}),
    "wait": (settling(Waiting()), {State.RUNNING}),
    "stop": (settling(Cancelled()), {State.RUNNING}),
    "cancel": (cancel, {State.SCHEDULED, State.QUEUED, State.WAITING}),
    "rescue": (rescue, {State.RUNNING}),
    "give back": (give_back, {State.RUNNING}),
    "promote": (promote, {State.SCHEDULED}),
    "expire": (expire, {State.SCHEDULED, State.QUEUED, State.WAITING}),
    "wake": (wake, {State.WAITING}),
    "redrive": (redrive, set(REDRIVABLE)),
    "discard": (discard, set()),
}


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("name", OPERATIONS)
async def test_a_row_moves_only_where_the_table_allows_it(
    services: Services, name: str, before: State
) -> None:
    operation, leaves = OPERATIONS[name]
    job_id = await brought_to(services, before)
    fence = (await row(services, job_id))["fence"]
    earlier = await path(services, job_id)
    await operation(services, job_id, fence)
    now = await row(services, job_id)
    if before not in leaves:
        assert now["state"] == before
        assert now["fence"] == fence
    # Its events, which `path` finds without a gap, tell each step; all of them are in the table.
    steps = [State(one) for one in [before, *(await path(services, job_id))[len(earlier) :]]]
    assert steps[-1] == now["state"]
    for source, target in pairwise(steps):
        assert target in TRANSITIONS[source] or (
            name == "redrive" and source in REDRIVABLE and target is State.QUEUED
        )
