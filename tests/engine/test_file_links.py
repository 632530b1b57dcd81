"""Files stay for as long as a job or a schedule names them, and go when none does."""

import asyncio
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from haulage import submit_in
from haulage.domain.context import Child, Context
from haulage.domain.errors import WaitsForChildren
from haulage.domain.file_ids import FileId
from haulage.domain.ids import uuid7
from haulage.domain.job import Priority
from haulage.domain.job_type import Registry, job_type
from haulage.engine.context import RunContext
from haulage.engine.depth import Depth
from haulage.engine.intake import Intake, Submission
from haulage.engine.janitor import Janitor
from haulage.engine.scheduler import Scheduler
from haulage.engine.services import Services
from haulage.engine.window import Window
from haulage.settings import RetentionSettings
from haulage.storage.file_store import FileRow
from haulage.storage.job_reads import JobReads
from haulage.storage.retention_store import RetentionStore
from haulage.storage.schedule_store import Missed, Schedule, ScheduleStore
from haulage.storage.tables import files, job_files
from haulage.storage.type_store import TypeStore
from tests.conftest import TestClock
from tests.factories import DONE, Hand


class Reading(BaseModel):
    file: FileId
    more: list[FileId] = []


@pytest.fixture
def registry() -> Registry:
    registry = Registry()

    @job_type("read", registry=registry)
    async def read(input: Reading, ctx: Context) -> None:
        """Read files."""

    return registry


@pytest.fixture
def intake(services: Services) -> Intake:
    return Intake(
        services,
        queue_pools={"io": "io", "cpu": "cpu"},
        window=Window(100, services.dispatch.rung_waiting),
        depth=Depth(100, JobReads(services.database, services.blobs).depth),
    )


@pytest.fixture
def janitor(services: Services) -> Janitor:
    store = RetentionStore(services.database, services.clock)
    settings = RetentionSettings(finished_days=30, files_days=7, blobs_every_s=1e-9)
    return Janitor(store, services.credits, services.blobs, services.clock, settings)


def always() -> bool:
    return True


async def file_of(services: Services, content: bytes = b"%PDF", **given: Any) -> FileRow:
    ref = await services.blobs.put(content)
    return await services.files.add(
        **{
            "id": uuid7(),
            "tenant": "default",
            "sha256": ref.rpartition("/")[2],
            "size": len(content),
            "media_type": "application/pdf",
            "name": "a.pdf",
            **given,
        }
    )


async def submitted(intake: Intake, *ids: UUID) -> UUID:
    wanted = Submission("read", {"file": str(ids[0]), "more": [str(one) for one in ids[1:]]})
    (job,) = await intake.submit([wanted])
    return job.id


async def finished(services: Services, job_id: UUID) -> None:
    hand = await Hand.hired(services)
    await hand.settle(await hand.claim(job_id), DONE)


async def links(services: Services) -> set[tuple[UUID, UUID]]:
    async with services.database.reading() as connection:
        return {tuple(row) for row in await connection.execute(sa.select(job_files))}


async def left(services: Services) -> set[UUID]:
    async with services.database.reading() as connection:
        return set((await connection.execute(sa.select(files.c.id))).scalars())


async def test_a_submit_links_every_file_once(services: Services, intake: Intake) -> None:
    one, two = await file_of(services), await file_of(services)
    job_id = await submitted(intake, one.id, two.id, one.id)
    assert await links(services) == {(job_id, one.id), (job_id, two.id)}


async def test_a_file_that_nobody_names_goes_after_its_time(
    services: Services, janitor: Janitor, clock: TestClock
) -> None:
    file = await file_of(services)
    clock.advance(days=6.9)
    await janitor.round(always)
    assert await left(services) == {file.id}
    clock.advance(days=0.2)
    await janitor.round(always)
    assert await left(services) == set()


async def test_a_file_stays_with_its_job_and_for_its_time_after_it(
    services: Services, intake: Intake, janitor: Janitor, clock: TestClock
) -> None:
    file = await file_of(services)
    job_id = await submitted(intake, file.id)
    clock.advance(days=20)
    await janitor.round(always)
    await finished(services, job_id)
    clock.advance(days=29)
    await janitor.round(always)
    assert await left(services) == {file.id}
    clock.advance(days=2)
    await janitor.round(always)
    assert (await links(services), await left(services)) == (set(), {file.id})
    clock.advance(days=8)
    await janitor.round(always)
    assert await left(services) == set()


async def test_a_file_of_two_jobs_stays_until_the_second_is_gone(
    services: Services, intake: Intake, janitor: Janitor, clock: TestClock
) -> None:
    file = await file_of(services)
    first = await submitted(intake, file.id)
    await submitted(intake, file.id)
    await finished(services, first)
    clock.advance(days=31)
    await janitor.round(always)
    clock.advance(days=31)
    await janitor.round(always)
    assert await left(services) == {file.id}


async def test_what_a_job_makes_stays_with_it(
    services: Services, intake: Intake, janitor: Janitor, clock: TestClock
) -> None:
    job_id = await submitted(intake, (await file_of(services)).id)
    made = await file_of(services, made_by=job_id)
    clock.advance(days=60)
    await janitor.round(always)
    assert made.id in await left(services)


async def test_a_file_that_a_schedule_names_stays(
    services: Services, janitor: Janitor, clock: TestClock
) -> None:
    file = await file_of(services)
    store = ScheduleStore(services.database, clock)
    schedule = Schedule(
        id=uuid7(), tenant="default", name="monthly", type="read", queue="io",
        input=f'{{"file":"{file.id}"}}', cron="0 12 1 * *", timezone="UTC", missed=Missed.RUN_ONCE,
        next_run_at=clock.now(), created_at=clock.now(), priority=Priority.NORMAL, tags=(),
    )  # fmt: skip
    await store.add(schedule)
    await Scheduler(store, services).round(always)
    ((job_id, linked),) = await links(services)
    assert linked == file.id
    await finished(services, job_id)
    for _ in range(2):
        clock.advance(days=40)
        await janitor.round(always)
    assert (await links(services), await left(services)) == (set(), {file.id})
    await store.remove(schedule.id, tenant="default")
    clock.advance(days=8)
    await janitor.round(always)
    assert await left(services) == set()


async def test_the_bytes_go_with_the_last_file_that_has_them(
    services: Services, intake: Intake, janitor: Janitor, clock: TestClock
) -> None:
    kept = await file_of(services, tenant="acme", content=b"same")
    gone = await file_of(services, content=b"same")
    lone = await file_of(services, content=b"alone")
    async with services.database.transaction() as connection:
        await connection.execute(
            files.update().where(files.c.id == kept.id).values(idle_since=None)
        )
    # The blob store has the machine's clock; the test's is years ahead.
    clock.advance(days=8)
    await janitor.round(always)
    assert await left(services) == {kept.id}
    assert await services.files.content(kept) == b"same"
    with pytest.raises(Exception, match="no blob"):
        await services.files.content(lone)
    assert gone.sha256 == kept.sha256


async def test_a_file_that_is_just_being_linked_is_not_forgotten(
    services: Services, intake: Intake, clock: TestClock
) -> None:
    """Whichever comes first: the job has its file, or is told that there is none."""
    store = RetentionStore(services.database, clock)
    for _ in range(10):
        file = await file_of(services)
        clock.advance(days=8)
        job, gone = await asyncio.gather(
            submitted(intake, file.id),
            store.forget_files(idle_before=clock.now(), limit=10),
            return_exceptions=True,
        )
        linked = (job, file.id) in await links(services)
        assert linked is (file.id in await left(services))
        assert gone == (0 if linked else 1)


async def test_who_submits_in_the_database_has_its_files_linked(
    services: Services, database_url: str
) -> None:
    await TypeStore(services.database, services.clock).publish(
        services.registry, {"io": "io", "cpu": "cpu"}
    )
    one, foreign = await file_of(services), await file_of(services, tenant="acme")
    given = {"file": one.id.hex.upper(), "more": [str(foreign.id)]}
    with psycopg.connect(database_url) as connection:
        job_id = submit_in(connection, "read", given)
    assert await links(services) == {(job_id, one.id)}


async def test_children_have_their_files_linked(
    services: Services, intake: Intake, random: Random
) -> None:
    file = await file_of(services)
    parent = await submitted(intake, (await file_of(services)).id)
    lease = await (await Hand.hired(services)).claim(parent)
    context = RunContext(lease, services, on_lost=lambda: None, random=random)
    with pytest.raises(WaitsForChildren):
        await context.children("page", [Child("read", {"file": str(file.id)})])
    assert [linked for job, linked in await links(services) if job != parent] == [file.id]
