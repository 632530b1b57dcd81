"""Intake: all or none, checked first, rung only when due."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from haulage.domain.context import BlockingContext, Context
from haulage.domain.errors import InvalidInput, QueueFull, Unavailable, UnknownJobType, UnknownQueue
from haulage.domain.job import MAX_TAG_LENGTH, MAX_TAGS, Job, Priority
from haulage.domain.job_type import Policy, Registry, job_type
from haulage.domain.lifecycle import State
from haulage.domain.ports import Bell
from haulage.engine.depth import Depth
from haulage.engine.intake import Intake, Origin, Submission
from haulage.engine.services import Services
from haulage.engine.window import Window
from haulage.storage.idempotency_store import Kept
from haulage.storage.job_filter import JobFilter
from haulage.storage.job_reads import JobReads
from haulage.storage.job_store import JobStore
from tests.conftest import TestClock
from tests.factories import away, new_job, path, row
from tests.support.crash_points import CrashingDatabase, Point


class Greeting(BaseModel):
    name: str
    text: str = ""


class Bells:
    def __init__(self) -> None:
        self.rung: list[Bell] = []

    def ring(self, bells: Iterable[Bell]) -> None:
        self.rung += bells


@pytest.fixture
def bells() -> Bells:
    return Bells()


@pytest.fixture
async def rung_services(services: Services, registry: Registry, bells: Bells) -> Services:
    @job_type("greet", registry=registry, policy=Policy(max_attempts=7, timeout_s=9, max_crashes=2))
    async def greet(input: Greeting, ctx: Context) -> str:
        return ""

    @job_type("count", registry=registry)
    def count(input: Greeting, ctx: BlockingContext) -> int:
        return 0

    return replace(services, doorbell=bells)


def intake_on(services: Services, window: int = 1000, depth: int = 100_000) -> Intake:
    return Intake(
        services,
        queue_pools={"io": "io", "cpu": "cpu", "ocr": "cpu"},
        window=Window(window, services.dispatch.rung_waiting),
        depth=Depth(depth, JobReads(services.database, services.blobs).depth),
    )


@pytest.fixture
async def intake(rung_services: Services) -> Intake:
    return intake_on(rung_services)


def greet(**given: Any) -> Submission:
    return Submission(**{"type": "greet", "input": {"name": "x"}, **given})


async def stored(services: Services) -> int:
    reads = JobReads(services.database, services.blobs)
    return len(await reads.page(JobFilter(), tenant="default", limit=500))


async def test_a_job_takes_what_its_policy_says(services: Services, intake: Intake) -> None:
    [job] = await intake.submit([greet()])
    found = await row(services, job.id)
    assert (found["queue"], found["max_attempts"], found["max_crashes"]) == ("io", 7, 2)
    assert (found["timeout_s"], found["priority"], found["state"]) == (9, 3, "queued")


async def test_a_job_takes_what_its_submit_says(
    services: Services, intake: Intake, clock: TestClock
) -> None:
    later = clock.now() + timedelta(hours=1)
    [job] = await intake.submit(
        [
            Submission(
                type="count",
                input={"name": "x"},
                queue="ocr",
                priority=Priority.HIGH,
                run_at=later,
                deadline=later + timedelta(hours=1),
                tags=("a", "b"),
                max_attempts=1,
                timeout_s=2.5,
            )
        ],
        Origin(tenant="acme", request_id="r-1", traceparent="00-1"),
    )
    found = await row(services, job.id)
    assert (found["queue"], found["priority"], found["scheduled_at"]) == ("ocr", 0, later)
    assert (found["tags"], found["max_attempts"], found["timeout_s"]) == (["a", "b"], 1, 2.5)
    assert (found["tenant"], found["request_id"], found["traceparent"]) == ("acme", "r-1", "00-1")


async def test_what_is_answered_is_what_is_stored(services: Services, intake: Intake) -> None:
    reads = JobReads(services.database, services.blobs)
    for given in (greet(), greet(tags=("a",), input={"name": "y", "text": "x" * 300_000})):
        [job] = await intake.submit([given])
        assert await reads.get(job.id, tenant="default", with_input=True) == job


async def test_only_what_is_due_is_rung(intake: Intake, clock: TestClock, bells: Bells) -> None:
    jobs = await intake.submit(
        [
            greet(priority=Priority.LOW),
            greet(run_at=clock.now() + timedelta(seconds=1)),
            greet(run_at=clock.now() - timedelta(seconds=1)),
        ]
    )
    assert bells.rung == [
        Bell(jobs[0].id, "io", Priority.LOW, rings=1, retry=False),
        Bell(jobs[2].id, "io", Priority.NORMAL, rings=1, retry=False),
    ]
    assert [job.state for job in jobs] == [State.QUEUED, State.SCHEDULED, State.QUEUED]


async def test_past_the_window_jobs_are_taken_and_left_to_the_dispatcher(
    rung_services: Services, bells: Bells
) -> None:
    intake = intake_on(rung_services, window=4)
    jobs = [job for _ in range(3) for job in await intake.submit([greet(), greet()])]
    assert [bell.job_id for bell in bells.rung] == [job.id for job in jobs[:4]]
    waiting = await rung_services.dispatch.take_unrung("io", limit=10)
    assert [bell.job_id for bell in waiting] == [job.id for job in jobs[4:]]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (greet(type="gret"), UnknownJobType),
        (greet(input={"name": 5}), InvalidInput),
        (greet(input=None), InvalidInput),
        (greet(queue="nowhere"), UnknownQueue),
        (greet(queue="cpu"), UnknownQueue),
        (greet(tags=("",)), InvalidInput),
        (greet(tags=("x" * (MAX_TAG_LENGTH + 1),)), InvalidInput),
        (greet(tags=("a\x00b",)), InvalidInput),
        (greet(tags=tuple(map(str, range(MAX_TAGS + 1)))), InvalidInput),
    ],
)
async def test_one_bad_submission_and_nothing_is_stored_or_rung(
    services: Services, intake: Intake, bells: Bells, given: Submission, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await intake.submit([greet(), given])
    assert (await stored(services), bells.rung) == (0, [])


async def test_pointers_are_relative_to_the_submission(intake: Intake) -> None:
    with pytest.raises(InvalidInput) as caught:
        await intake.submit([greet(input={"name": 5})])
    assert [fault.pointer for fault in caught.value.faults] == ["/input/name"]


async def test_a_queue_of_the_other_pool_names_those_that_fit(intake: Intake) -> None:
    with pytest.raises(UnknownQueue, match=r"served by the cpu pool; greet runs on .*\bio\."):
        await intake.submit([greet(queue="ocr")])


async def test_nothing_submitted_is_nothing_stored(services: Services, intake: Intake) -> None:
    assert await intake.submit([]) == []


async def test_many_submits_at_once_are_all_stored(services: Services, intake: Intake) -> None:
    answers = await asyncio.gather(*(intake.submit([greet()]) for _ in range(100)))
    ids = {job.id for [job] in answers}
    assert len(ids) == 100
    assert await stored(services) == 100
    assert await path(services, next(iter(ids))) == ["queued"]


async def test_without_postgresql_a_submit_says_so(
    intake: Intake, bells: Bells, database_url: str, servers: dict[str, str]
) -> None:
    with away(servers["database"], database_url), pytest.raises(Unavailable):
        await intake.submit([greet(), greet()])
    assert bells.rung == []


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("jobs", [1, 3])
async def test_a_submit_whose_commit_is_lost_is_accepted_once_all_the_same(
    rung_services: Services, database_url: str, point: Point, jobs: int
) -> None:
    database = CrashingDatabase(database_url, pool_size=2)
    store = JobStore(database, rung_services.blobs, rung_services.clock)
    intake = intake_on(replace(rung_services, jobs=store))
    database.crash_at = point
    accepted = await intake.submit([greet()] * jobs)
    assert await stored(rung_services) == jobs
    assert await path(rung_services, accepted[-1].id) == ["queued"]
    await database.close()


async def test_who_asks_again_with_a_key_is_answered_by_a_full_queue_too(
    rung_services: Services,
) -> None:
    intake = intake_on(rung_services, depth=1)

    async def submit(key: str) -> tuple[Kept, list[Job]]:
        new = [intake.check(greet())]
        return await intake.accept_once(new, key=key, fingerprint="p", tenant="default")

    first, jobs = await submit("k")
    again, _ = await submit("k")
    assert again == replace(first, replayed=True)
    with pytest.raises(QueueFull):
        await submit("other")
    assert [job.id for job in jobs] == list(first.job_ids)
    assert await stored(rung_services) == 1


async def test_a_full_queue_takes_no_job_and_no_part_of_a_batch(
    rung_services: Services, clock: TestClock
) -> None:
    intake = intake_on(rung_services, depth=3)
    [parent, _] = await intake.submit([greet(), greet()])
    child = new_job(parent_id=parent.id)
    await rung_services.jobs.insert([child])
    later = greet(run_at=clock.now() + timedelta(hours=1))
    await intake.submit([later, greet()])
    for refused in ([greet()], [greet(), later]):
        with pytest.raises(QueueFull):
            await intake_on(rung_services, depth=3).submit(refused)
        with pytest.raises(QueueFull):
            await intake.submit(refused)
    assert await stored(rung_services) == 5
    await intake.submit([later])
