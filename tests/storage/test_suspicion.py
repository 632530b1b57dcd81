"""Whose fault a worker's death was: a job that was alone is blamed, company is only suspected."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from haulage.domain.lifecycle import State
from haulage.domain.outcome import Outcome, Waiting
from haulage.engine.services import Services
from haulage.storage.dispatch_sql import PATIENCE_IN_COMPANY
from haulage.storage.dispatch_store import ALONE_PATIENCE_S, Rescued
from haulage.storage.job_sql import ISOLATE_AFTER
from haulage.storage.tables import crashes
from tests.conftest import TestClock
from tests.factories import DONE, FAILED, Hand, history, queued, retry, row, snooze


async def die_together(services: Services, *ids: UUID, times: int = 1) -> list[Rescued]:
    """`ids` run in one worker until it dies, and are queued again; what the last rescue said."""
    rescued: list[Rescued] = []
    for _ in range(times):
        hand = await Hand.hired(services)
        assert len(await hand.claim_all(*ids)) == len(ids)
        await hand.dies()
        rescued = await services.dispatch.rescue_orphans(limit=1000)
        await services.dispatch.promote_due(limit=1000)
    return rescued


async def rescue(services: Services) -> None:
    await services.dispatch.rescue_orphans(limit=1000)
    await services.dispatch.promote_due(limit=1000)


async def cpu_worker(services: Services, **given: Any) -> Hand:
    return await Hand.hired(services, **{"pool": "cpu", "queues": ["cpu"], "slots": 2, **given})


async def alone(services: Services) -> dict[UUID, bool]:
    """Ring what waits; by job, whether it was rung to run alone."""
    bells = await services.dispatch.take_unrung("io", limit=100)
    return {bell.job_id: bell.alone for bell in bells}


async def counts(services: Services, job_id: UUID) -> tuple[int, int]:
    found = await row(services, job_id)
    return found["crashes"], found["suspicion"]


async def test_deaths_in_company_quarantine_nobody(services: Services) -> None:
    ids = [await queued(services, max_crashes=3) for _ in range(3)]
    rescued = await die_together(services, *ids, times=5)
    assert [(one.counted, one.company) for one in rescued] == [(False, 3)] * 3
    for job_id in ids:
        assert await counts(services, job_id) == (0, 5)
        found = await row(services, job_id)
        assert (found["state"], found["attempt"]) == ("queued", 0)
    assert (await history(services, ids[0]))[-2]["company"] == 3
    async with services.database.reading() as connection:
        kept = await connection.execute(sa.select(crashes.c.company))
        assert {one.company for one in kept} == {3}


async def test_a_job_that_was_alone_is_blamed(services: Services) -> None:
    job_id = await queued(services, max_crashes=3)
    [rescued] = await die_together(services, job_id)
    assert (rescued.counted, rescued.company) == (True, 1)
    assert await counts(services, job_id) == (1, 0)


async def test_who_held_the_loop_is_blamed_and_its_company_is_not_even_suspected(
    services: Services,
) -> None:
    guilty, innocent = [await queued(services, max_crashes=1) for _ in range(2)]
    hand = await Hand.hired(services)
    await hand.claim_all(guilty, innocent)
    await services.workers.blame(hand.id, guilty)
    await hand.dies()
    rescued = {one.job_id: one for one in await services.dispatch.rescue_orphans(limit=10)}
    assert (rescued[guilty].state, rescued[guilty].company) == (State.FAILED, 1)
    assert rescued[innocent].state is State.SCHEDULED
    assert await counts(services, innocent) == (0, 0)
    assert "asyncio.to_thread" in (await row(services, guilty))["error"]["message"]


async def test_a_loop_that_turns_again_takes_the_blame_back(services: Services) -> None:
    ids = [await queued(services, max_crashes=1) for _ in range(2)]
    hand = await Hand.hired(services)
    await hand.claim_all(*ids)
    await services.workers.blame(hand.id, ids[0])
    await services.workers.beat(hand.id, in_flight=2)
    await hand.dies()
    rescued = await services.dispatch.rescue_orphans(limit=10)
    assert [one.state for one in rescued] == [State.SCHEDULED] * 2


async def test_a_rescue_in_small_bites_sees_the_whole_company(services: Services) -> None:
    hand = await Hand.hired(services)
    ids = [await queued(services) for _ in range(3)]
    await hand.claim_all(*ids)
    await hand.dies()
    for _ in ids:
        [one] = await services.dispatch.rescue_orphans(limit=1)
        assert (one.counted, one.company) == (False, 3)


async def test_a_suspect_is_claimed_only_by_a_process_that_runs_nothing_else(
    services: Services,
) -> None:
    await cpu_worker(services, slots=8)
    ids = [await queued(services) for _ in range(2)]
    await die_together(services, *ids, times=ISOLATE_AFTER - 1)
    assert await alone(services) == dict.fromkeys(ids, False)
    in_company = await Hand.hired(services)
    in_company.alone = False
    assert len(await in_company.claim_all(*ids)) == 2
    await in_company.dies()
    await rescue(services)
    assert await alone(services) == dict.fromkeys(ids, True)
    again = await Hand.hired(services)
    again.alone = False
    assert await again.claim_all(*ids) == []
    again.alone = True
    assert len(await again.claim_all(*ids)) == 2


async def test_without_a_free_place_suspects_go_on_in_company_all_but_the_most_suspicious(
    services: Services,
) -> None:
    await cpu_worker(services, slots=8)
    ids = [await queued(services) for _ in range(4)]
    await die_together(services, *ids, times=ISOLATE_AFTER)
    await die_together(services, *ids[2:])
    first = await alone(services)
    assert first == {ids[0]: False, ids[1]: False, ids[2]: True, ids[3]: True}
    others = await Hand.hired(services)
    others.alone = False
    assert len(await others.claim_all(*ids)) == 2


async def test_a_place_is_free_again_when_its_job_has_ended(services: Services) -> None:
    parent = await cpu_worker(services, slots=2)
    first, second = [await queued(services) for _ in range(2)]
    await die_together(services, first, second, times=ISOLATE_AFTER)
    assert await alone(services) == {first: True, second: False}
    await parent.run(first, DONE)
    newcomer = await queued(services)
    await die_together(services, second, newcomer)
    assert await alone(services) == {second: True, newcomer: False}


async def test_where_no_cpu_worker_lives_suspects_go_on_in_company(services: Services) -> None:
    await cpu_worker(services, pool="io")
    await cpu_worker(services, queues=["ocr"])
    await (await cpu_worker(services)).dies()
    ids = [await queued(services) for _ in range(2)]
    await die_together(services, *ids, times=ISOLATE_AFTER)
    assert await alone(services) == dict.fromkeys(ids, False)


async def test_jobs_that_have_a_process_of_their_own_anyway_take_no_place(
    services: Services,
) -> None:
    await cpu_worker(services)
    ids = [await queued(services, queue="cpu") for _ in range(2)]
    await die_together(services, *ids, times=ISOLATE_AFTER)
    bells = await services.dispatch.take_unrung("cpu", limit=10, isolates=False)
    assert [bell.alone for bell in bells] == [False, False]


@pytest.mark.parametrize("more_deaths", [0, 1, 3])
async def test_the_more_died_with_a_suspect_the_longer_it_waits_for_its_place(
    services: Services, clock: TestClock, more_deaths: int
) -> None:
    await cpu_worker(services)
    ids = [await queued(services) for _ in range(2)]
    await die_together(services, *ids, times=ISOLATE_AFTER + more_deaths)
    assert (await alone(services))[ids[0]]
    clock.advance(seconds=ALONE_PATIENCE_S * 2**more_deaths)
    assert await services.dispatch.take_unattended("io", limit=10) == []
    assert await services.dispatch.take_lost("io", older_than_s=0, limit=10) != []
    clock.advance(seconds=0.01)
    [bell] = await services.dispatch.take_unattended("io", limit=10)
    assert (bell.job_id, bell.alone) == (ids[0], False)
    anybody = await Hand.hired(services)
    anybody.alone = False
    assert len(await anybody.claim_all(ids[0])) == 1


@pytest.mark.parametrize("outcome", [retry(), snooze(), Waiting()])
async def test_an_attempt_that_ended_in_a_process_of_its_own_clears_of_suspicion(
    services: Services, outcome: Outcome
) -> None:
    parent = await cpu_worker(services)
    ids = [await queued(services) for _ in range(2)]
    await die_together(services, *ids, times=ISOLATE_AFTER)
    assert await alone(services) == {ids[0]: True, ids[1]: False}
    for job_id in ids:
        await parent.run(job_id, outcome)
    assert await counts(services, ids[0]) == (0, 0)
    assert await counts(services, ids[1]) == (0, ISOLATE_AFTER)


async def test_a_guilty_job_is_convicted_in_isolation_and_its_company_is_not(
    services: Services,
) -> None:
    guilty, innocent = [await queued(services, max_crashes=2) for _ in range(2)]
    await die_together(services, guilty, innocent, times=ISOLATE_AFTER)
    for _ in range(2):
        parent = await Hand.hired(services)
        await parent.claim(guilty)
        [rescued] = await services.dispatch.rescue_of_child(parent.id, parent.pid)
        assert rescued.counted
        await services.dispatch.promote_due(limit=10)
    found = await row(services, guilty)
    assert (found["state"], found["reason"]) == ("failed", "quarantined")
    assert await counts(services, innocent) == (0, ISOLATE_AFTER)


async def test_patience_in_company_ends(services: Services) -> None:
    ids = [await queued(services, max_crashes=1) for _ in range(2)]
    await die_together(services, *ids, times=PATIENCE_IN_COMPANY - 1)
    assert (await row(services, ids[0]))["state"] == "queued"
    newcomer = await queued(services, max_crashes=1)
    rescued = {one.job_id: one.state for one in await die_together(services, *ids, newcomer)}
    assert rescued == {ids[0]: State.FAILED, ids[1]: State.FAILED, newcomer: State.SCHEDULED}


async def test_where_patience_ends_only_the_most_suspicious_is_blamed(services: Services) -> None:
    guilty, innocent = [await queued(services, max_crashes=1) for _ in range(2)]
    await die_together(services, guilty, await queued(services))
    await die_together(services, guilty, innocent, times=PATIENCE_IN_COMPANY - 2)
    rescued = {one.job_id: one.state for one in await die_together(services, guilty, innocent)}
    assert rescued == {guilty: State.FAILED, innocent: State.SCHEDULED}


async def test_a_worker_that_said_goodbye_did_not_die_of_its_jobs(services: Services) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services, max_crashes=1)
    await hand.claim(job_id)
    await services.workers.retire(hand.id)
    [rescued] = await services.dispatch.rescue_orphans(limit=10)
    assert (rescued.state, rescued.counted) == (State.SCHEDULED, False)
    assert await counts(services, job_id) == (0, 0)
    async with services.database.reading() as connection:
        assert (await connection.execute(sa.select(crashes))).all() == []


@pytest.mark.parametrize("times", [1, ISOLATE_AFTER])
async def test_a_redrive_clears_the_suspicion(services: Services, times: int) -> None:
    ids = [await queued(services) for _ in range(2)]
    await die_together(services, *ids, times=times)
    await (await Hand.hired(services)).run(ids[0], FAILED)
    await services.decisions.redrive(ids[:1], tenant="default", by="ann")
    assert await counts(services, ids[0]) == (0, 0)
