"""Insert and claim: what is stored, who gets what."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from haulage.domain.errors import NotFound
from haulage.domain.ids import uuid7
from haulage.domain.job import Priority
from haulage.domain.lifecycle import State
from haulage.engine.services import Services
from haulage.storage.job_reads import JobReads
from tests.conftest import TestClock
from tests.factories import DONE, Hand, brought_to, history, new_job, path, queued, retry, row


async def test_a_due_job_is_queued_and_rung(services: Services, clock: TestClock) -> None:
    job_id = await queued(services, run_at=clock.now() - timedelta(days=1))
    found = await row(services, job_id)
    assert (found["state"], found["reason"]) == ("queued", None)
    assert (found["rung_at"], found["rings"]) == (clock.now(), 1)
    assert found["scheduled_at"] == clock.now()


async def test_a_job_for_later_is_scheduled_and_not_rung(
    services: Services, clock: TestClock
) -> None:
    later = clock.now() + timedelta(hours=1)
    job_id = await queued(services, run_at=later)
    found = await row(services, job_id)
    assert (found["state"], found["reason"]) == ("scheduled", "run_at")
    assert (found["rung_at"], found["rings"], found["scheduled_at"]) == (None, 0, later)


async def test_a_submitter_that_does_not_ring_leaves_it_to_the_dispatcher(
    services: Services,
) -> None:
    job_id = await queued(services, rings=False)
    assert (await row(services, job_id))["rung_at"] is None


async def test_inserting_an_id_again_changes_nothing(services: Services) -> None:
    job = new_job(tags=("first",))
    await services.jobs.insert([job])
    await services.jobs.insert([replace(job, tags=("second",), input='"other"'), job])
    assert (await row(services, job.id))["tags"] == ["first"]
    assert await path(services, job.id) == ["queued"]


async def test_inserting_again_after_it_ran_does_not_run_it_again(services: Services) -> None:
    job = new_job()
    await services.jobs.insert([job])
    await (await Hand.hired(services)).run(job.id, DONE)
    await services.jobs.insert([job])
    assert await path(services, job.id) == ["queued", "running", "succeeded"]


async def test_jobs_are_inserted_all_or_none(services: Services) -> None:
    good, bad = new_job(), new_job(max_attempts=0)
    with pytest.raises(DBAPIError):
        await services.jobs.insert([good, bad])
    found = await JobReads(services.database, services.blobs).many([good.id], tenant="default")
    assert found == []


async def test_one_poisonous_submit_does_not_harm_those_beside_it(services: Services) -> None:
    jobs = [new_job(max_attempts=0 if place == 7 else 1) for place in range(20)]
    answers = await asyncio.gather(
        *(services.inserts.submit(job) for job in jobs), return_exceptions=True
    )
    assert [place for place, answer in enumerate(answers) if answer is not None] == [7]
    assert isinstance(answers[7], DBAPIError)
    stored = await JobReads(services.database, services.blobs).many(
        [job.id for job in jobs], tenant="default"
    )
    assert len(stored) == 19


async def test_a_claim_hands_over_all_that_the_attempt_needs(
    services: Services, clock: TestClock
) -> None:
    job = new_job(
        input='{"a":1}',
        queue="cpu",
        tenant="acme",
        max_attempts=7,
        timeout_s=12.5,
        deadline=clock.now() + timedelta(hours=1),
        request_id="r-1",
        traceparent="00-ab-cd-01",
        priority=Priority.HIGH,
    )
    await services.jobs.insert([job])
    hand = await Hand.hired(services)
    clock.advance(seconds=3)
    lease = await hand.claim(job.id)
    assert (lease.job_id, lease.worker_id, lease.fence) == (job.id, hand.id, 1)
    assert (lease.type, lease.queue, lease.tenant) == ("echo", "cpu", "acme")
    assert (lease.attempt, lease.max_attempts, lease.run) == (1, 7, 1)
    assert (lease.timeout_s, lease.deadline) == (12.5, job.deadline)
    assert (lease.request_id, lease.traceparent) == ("r-1", "00-ab-cd-01")
    assert (lease.claimed_at - lease.due_at).total_seconds() == 3
    assert await services.jobs.input_of(lease) == '{"a":1}'


@pytest.mark.parametrize("state", [one for one in State if one is not State.QUEUED])
async def test_only_queued_jobs_are_claimed(services: Services, state: State) -> None:
    job_id = await brought_to(services, state)
    before = await row(services, job_id)
    hand = await Hand.hired(services)
    assert await hand.claim_all(job_id) == []
    assert await row(services, job_id) == before


async def test_a_job_past_its_deadline_is_not_claimed(services: Services, clock: TestClock) -> None:
    job_id = await queued(services, deadline=clock.now() + timedelta(seconds=10))
    hand = await Hand.hired(services)
    clock.advance(seconds=10)
    assert await hand.claim_all(job_id) == []


async def test_a_worker_that_was_declared_dead_claims_nothing(services: Services) -> None:
    job_id = await queued(services)
    hand = await Hand.hired(services)
    await hand.dies()
    assert await hand.claim_all(job_id) == []


async def test_a_worker_that_nobody_knows_claims_nothing(services: Services) -> None:
    job_id = await queued(services)
    assert await Hand(services, uuid7()).claim_all(job_id) == []


async def test_unknown_and_doubled_ids_are_harmless(services: Services) -> None:
    job_id = await queued(services)
    hand = await Hand.hired(services)
    assert len(await hand.claim_all(job_id, uuid7(), job_id)) == 1
    assert await hand.claim_all() == []


async def test_racing_workers_never_get_the_same_job(services: Services) -> None:
    ids = [await queued(services) for _ in range(40)]
    hands = [await Hand.hired(services) for _ in range(4)]
    claims = await asyncio.gather(
        *(hand.claim_all(*ids[start:], *ids[:start]) for hand in hands for start in (0, 10, 20, 30))
    )
    leases = [lease for claim in claims for lease in claim]
    assert sorted(lease.job_id for lease in leases) == sorted(ids)
    assert {lease.fence for lease in leases} == {1}
    for lease in leases:
        assert (await row(services, lease.job_id))["worker_id"] == lease.worker_id


async def test_each_claim_has_a_greater_fence(services: Services, clock: TestClock) -> None:
    job_id = await queued(services, max_attempts=9)
    hand = await Hand.hired(services)
    fences = []
    for _ in range(4):
        fences.append((await hand.run(job_id, retry(0.0))).fence)
        await services.dispatch.promote_due(limit=10)
    assert fences == [1, 2, 3, 4]


async def test_the_start_of_a_run_is_its_first_claim(services: Services, clock: TestClock) -> None:
    job_id = await queued(services)
    hand = await Hand.hired(services)
    first = clock.now()
    await hand.run(job_id, retry(5.0))
    clock.advance(seconds=5)
    await services.dispatch.promote_due(limit=10)
    await hand.claim(job_id)
    found = await row(services, job_id)
    assert found["started_at"] == first
    assert found["claimed_at"] == clock.now()


async def test_a_claim_tells_attempt_and_fence_in_the_history(services: Services) -> None:
    job_id = await queued(services)
    await (await Hand.hired(services)).claim(job_id)
    assert (await history(services, job_id))[-1] == {
        "kind": "state",
        "state": "running",
        "attempt": 1,
        "fence": 1,
    }


async def test_an_input_that_is_gone_costs_no_other_job_its_lease(services: Services) -> None:
    large = "x" * 300_000
    lost, sound = await queued(services, input=f'"{large}"'), await queued(services)
    ref = (await row(services, lost))["input_ref"]
    await services.blobs._discard(ref)
    hand = await Hand.hired(services)
    leases = {lease.job_id: lease for lease in await hand.claim_all(lost, sound)}
    assert set(leases) == {lost, sound}
    assert await services.jobs.input_of(leases[sound]) == "{}"
    with pytest.raises(NotFound):
        await services.jobs.input_of(leases[lost])


async def test_whole_and_broken_seconds_go_in_one_batch(services: Services) -> None:
    # The driver refuses a list of ints and floats; a policy may well say `timeout_s=60`.
    jobs = [new_job(timeout_s=60), new_job(timeout_s=0.5)]
    await services.jobs.insert(jobs)
    found = [(await row(services, job.id))["timeout_s"] for job in jobs]
    assert found == [60.0, 0.5]
