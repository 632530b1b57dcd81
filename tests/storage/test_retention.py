"""Retention: what is old goes with all that is its own, and nothing else does."""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from haulage.domain.lifecycle import TERMINAL, State
from haulage.engine.janitor import Janitor
from haulage.engine.services import Services
from haulage.settings import RetentionSettings
from haulage.storage import retention_store
from haulage.storage.blobs import Blobs
from haulage.storage.retention_store import RetentionStore
from haulage.storage.tables import crashes, events, idempotency_keys, job_tags, jobs, steps, workers
from tests.conftest import TestClock
from tests.factories import DONE, Hand, brought_to, queued

DAYS = 30


@pytest.fixture
def store(services: Services) -> RetentionStore:
    return RetentionStore(services.database, services.clock)


def made(services: Services, settings: RetentionSettings, **more: Any) -> Janitor:
    store = RetentionStore(services.database, services.clock)
    return Janitor(store, services.credits, services.blobs, services.clock, settings, **more)


@pytest.fixture
def janitor(services: Services) -> Janitor:
    return made(services, RetentionSettings(finished_days=DAYS))


def always() -> bool:
    return True


async def left(services: Services, table: sa.Table = jobs) -> int:
    async with services.database.reading() as connection:
        return await connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def ids_left(services: Services) -> set[UUID]:
    async with services.database.reading() as connection:
        return set((await connection.execute(sa.select(jobs.c.id))).scalars())


async def adopt(services: Services, child: UUID, parent: UUID) -> None:
    async with services.database.transaction() as connection:
        await connection.execute(jobs.update().where(jobs.c.id == child).values(parent_id=parent))


def cutoff(clock: TestClock) -> datetime:
    return clock.now() - timedelta(days=DAYS)


async def forget(store: RetentionStore, clock: TestClock, limit: int = 100) -> int:
    return await store.forget_jobs(finished_before=cutoff(clock), limit=limit)


async def test_an_old_job_goes_with_its_events_steps_crashes_and_tags(
    services: Services, janitor: Janitor, clock: TestClock
) -> None:
    job_id = await brought_to(services, State.SUCCEEDED, tags=("a", "b"))
    async with services.database.transaction() as connection:
        await connection.execute(
            steps.insert().values(
                job_id=job_id, key="k", name="k", value={}, fence=1, duration_s=0.1,
                finished_at=clock.now(),
            )
        )  # fmt: skip
        await connection.execute(
            crashes.insert().values(
                job_id=job_id, fence=1, worker_id=job_id, noticed_at=clock.now()
            )
        )
    clock.advance(days=DAYS)
    await janitor.round(always)
    assert await left(services) == 1
    clock.advance(seconds=1)
    await janitor.round(always)
    for table in (jobs, events, steps, crashes, job_tags):
        assert await left(services, table) == 0


@pytest.mark.parametrize("given", list(State))
async def test_only_what_is_over_is_forgotten(
    services: Services, store: RetentionStore, clock: TestClock, given: State
) -> None:
    await brought_to(services, given)
    clock.advance(days=DAYS + 1)
    assert await forget(store, clock) == (given in TERMINAL)


async def test_another_jobs_events_stay(
    services: Services, store: RetentionStore, clock: TestClock
) -> None:
    await brought_to(services, State.SUCCEEDED)
    clock.advance(days=DAYS + 1)
    young = await brought_to(services, State.SUCCEEDED)
    count = len((await services.events.after({young: 0}))[young])
    assert await forget(store, clock) == 1
    assert await left(services, events) == count


async def test_it_goes_in_bites_oldest_first(
    services: Services, store: RetentionStore, clock: TestClock
) -> None:
    made = []
    for _ in range(5):
        made.append(await brought_to(services, State.SUCCEEDED))
        clock.advance(seconds=1)
    clock.advance(days=DAYS)
    assert await forget(store, clock, limit=2) == 2
    assert await ids_left(services) == set(made[2:])
    assert [await forget(store, clock, limit=2) for _ in range(3)] == [2, 1, 0]


async def test_a_bite_is_small_in_events_too(
    services: Services,
    store: RetentionStore,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention_store, "EVENTS_AT_ONCE", 4)
    for _ in range(4):
        await brought_to(services, State.SUCCEEDED)  # Three events each.
    clock.advance(days=DAYS + 1)
    assert [await forget(store, clock) for _ in range(3)] == [2, 2, 0]


async def test_a_child_outlives_a_parent_that_is_not_over_or_not_old(
    services: Services, store: RetentionStore, clock: TestClock
) -> None:
    child = await brought_to(services, State.SUCCEEDED)
    parent = await queued(services)
    await adopt(services, child, parent)
    clock.advance(days=DAYS + 1)
    assert await forget(store, clock) == 0
    hand = await Hand.hired(services)
    await hand.run(parent, DONE)
    assert await forget(store, clock) == 0
    clock.advance(days=DAYS + 1)
    assert await forget(store, clock) == 2


async def test_a_child_whose_parent_is_gone_is_forgotten(
    services: Services, store: RetentionStore, clock: TestClock
) -> None:
    child = await brought_to(services, State.SUCCEEDED)
    await adopt(services, child, UUID(int=1))
    clock.advance(days=DAYS + 1)
    assert await forget(store, clock) == 1


async def test_a_parent_stays_while_a_child_is_not_over(
    services: Services, store: RetentionStore, clock: TestClock
) -> None:
    parent = await brought_to(services, State.CANCELLED)
    child = await queued(services)
    await adopt(services, child, parent)
    clock.advance(days=DAYS + 1)
    assert await forget(store, clock) == 0
    await services.jobs.cancel([child], tenant=None, by="test")
    assert await forget(store, clock) == 1
    assert await ids_left(services) == {child}


async def test_what_somebody_holds_is_skipped_not_waited_for(
    services: Services, store: RetentionStore, clock: TestClock
) -> None:
    held, free = [await brought_to(services, State.FAILED) for _ in range(2)]
    clock.advance(days=DAYS + 1)
    async with services.database.transaction() as connection:
        await connection.execute(sa.select(jobs).where(jobs.c.id == held).with_for_update())
        assert await forget(store, clock) == 1
    assert await ids_left(services) == {held}
    assert free != held


async def test_expired_keys_go_and_others_stay(
    services: Services, store: RetentionStore, clock: TestClock
) -> None:
    async with services.database.transaction() as connection:
        for number in (1, 2, 3):
            await connection.execute(
                idempotency_keys.insert().values(
                    tenant="default", key=str(number), fingerprint="f", job_ids=[],
                    created_at=clock.now(), expires_at=clock.now() + timedelta(hours=number),
                )
            )  # fmt: skip
    clock.advance(hours=2)
    assert [await store.forget_keys(limit=1) for _ in range(3)] == [1, 1, 0]
    assert await left(services, idempotency_keys) == 1


async def test_an_ended_worker_outlives_the_jobs_it_still_holds(
    services: Services, store: RetentionStore, clock: TestClock
) -> None:
    dead, idle, _alive = [await Hand.hired(services) for _ in range(3)]
    await dead.claim(await queued(services))
    await dead.dies()
    await idle.dies()
    clock.advance(days=2)
    assert await store.forget_workers(ended_before=clock.now(), limit=10) == 1
    await services.dispatch.rescue_orphans(limit=10)
    assert await store.forget_workers(ended_before=clock.now(), limit=10) == 1
    assert await left(services, workers) == 1


async def test_a_janitor_that_no_longer_leads_stops_before_the_next_bite(
    services: Services, janitor: Janitor, clock: TestClock
) -> None:
    await brought_to(services, State.SUCCEEDED)
    clock.advance(days=DAYS + 1)
    await janitor.round(lambda: False)
    assert await left(services) == 1


def aged(folder: Path, name: str, days: float = 2) -> Path:
    """The file `name`, last written that long ago."""
    then = time.time() - days * 86400
    os.utime(folder / name, (then, then))
    return folder / name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def today(clock: TestClock) -> TestClock:
    """Files are stamped by the machine's clock."""
    clock.advance(seconds=time.time() - clock.now().timestamp())
    return clock


async def test_old_blobs_that_no_row_names_go_and_the_others_stay(
    services: Services, janitor: Janitor, folder: Path, today: TestClock
) -> None:
    large = '"' + "x" * 300_000 + '"'
    await queued(services, input=large)
    named = (await services.blobs.keep(large)).ref
    young, old = [await services.blobs.put(text) for text in (b"young", b"old")]
    assert named is not None
    aged(folder, named)
    aged(folder, old)
    await janitor.round(always)
    assert [(folder / ref).exists() for ref in (named, young, old)] == [True, True, False]


async def test_leftovers_of_uploads_go_once_they_are_old(
    janitor: Janitor, folder: Path, today: TestClock
) -> None:
    (folder / "uploads").mkdir(parents=True)
    for name in ("whole", "part#1", "new", "new#1"):
        (folder / "uploads" / name).write_bytes(b"x")
    aged(folder, "uploads/whole")
    aged(folder, "uploads/part#1")
    await janitor.round(always)
    assert {path.name for path in (folder / "uploads").iterdir()} == {"new", "new#1"}


async def test_an_orphan_that_is_written_again_is_young_again(
    blobs: Blobs, folder: Path, today: TestClock
) -> None:
    day_ago = today.now() - timedelta(days=1)
    ref = await blobs.put(b"content")
    aged(folder, ref)
    assert [refs async for refs in blobs.written_before(day_ago)] == [[ref]]
    await blobs.put(b"content")
    # Between the look and the delete somebody wrote it: it stays.
    assert not await blobs.discard(ref, written_before=day_ago)
    assert await blobs.get(ref) == b"content"


async def test_blobs_are_looked_for_less_often_than_rows(
    services: Services, folder: Path, today: TestClock
) -> None:
    now = [0.0]
    janitor = made(services, RetentionSettings(), monotonic=lambda: now[0])
    await janitor.round(always)
    path = aged(folder, await services.blobs.put(b"old"))
    now[0] = 3599.0
    await janitor.round(always)
    assert path.exists()
    now[0] = 3600.0
    await janitor.round(always)
    assert not path.exists()
