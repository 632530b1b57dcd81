"""Reads of one job, of many, and of a queue's depth."""

import pytest

from haulage.domain.ids import uuid7
from haulage.domain.job import EventKind, Priority, Progress, Usage
from haulage.domain.lifecycle import State
from haulage.engine.services import Services
from haulage.storage.event_store import Note
from haulage.storage.job_filter import JobFilter
from haulage.storage.job_reads import JobReads
from tests.conftest import TestClock
from tests.factories import DONE, FAILED, Hand, brought_to, queued


@pytest.fixture
def reads(services: Services) -> JobReads:
    return JobReads(services.database, services.blobs)


async def test_a_job_is_read_as_it_stands(
    services: Services, reads: JobReads, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services, tags=("a",), priority=Priority.LOW, input='{"x":1}')
    lease = await hand.claim(job_id)
    report = '{"percent":50.0,"step":null,"done":1,"failed":0,"total":null}'
    await services.events.append([Note(lease, EventKind.PROGRESS, report)])
    clock.advance(seconds=2)
    await hand.settle(lease, DONE, Usage(calls=1, cost=0.5))
    job = await reads.get(job_id, tenant="default")
    assert job is not None
    assert (job.state, job.tags, job.priority) == (State.SUCCEEDED, ("a",), Priority.LOW)
    assert (job.progress, job.usage) == (Progress(50.0, done=1), Usage(1, 0, 0, 0.5))
    assert (job.result, job.result_size, job.input) == ('{"done":true}', 13, None)
    assert (job.duration_s, job.event_seq) == (2.0, 4)


async def test_jobs_of_another_tenant_are_not_there(services: Services, reads: JobReads) -> None:
    job_id = await queued(services, tenant="acme")
    assert await reads.get(job_id, tenant="default") is None
    assert await reads.result(job_id, tenant="default") is None
    assert await reads.many([job_id], tenant="default") == []
    assert await reads.page(JobFilter(), tenant="default") == []


async def test_many_come_in_the_order_that_was_asked(services: Services, reads: JobReads) -> None:
    one, two = await queued(services), await queued(services)
    found = await reads.many([two, uuid7(), one], tenant="default")
    assert [job.id for job in found] == [two, one]
    assert await reads.many([], tenant="default") == []


async def test_each_look_is_answered_in_its_place_and_to_its_tenant_alone(
    services: Services, reads: JobReads
) -> None:
    mine, theirs = await queued(services), await queued(services, tenant="other")
    nobody = uuid7()
    asked = [(mine, "default"), (nobody, "default"), (theirs, "default"), (theirs, "other")]
    found = await reads.each([*asked, asked[0]])
    assert [job and job.id for job in found] == [mine, None, None, theirs, mine]
    assert await reads.each([(nobody, "default")]) == [None]


async def test_a_result_is_there_only_after_success(services: Services, reads: JobReads) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    assert await reads.result(job_id, tenant="default") == (State.QUEUED, None)
    await hand.run(job_id, FAILED)
    assert await reads.result(job_id, tenant="default") == (State.FAILED, None)
    assert await reads.result(uuid7(), tenant="default") is None


async def test_a_queues_depth_is_counted_no_further_than_asked(
    services: Services, reads: JobReads
) -> None:
    for _ in range(4):
        await queued(services)
    await queued(services, queue="cpu")
    await brought_to(services, State.RUNNING)
    assert await reads.depth("io", up_to=10) == 4
    assert await reads.depth("io", up_to=3) == 3
