"""Schedules: on time in their zone, once, and as they say where runs were missed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from haulage.domain.errors import InvalidInput
from haulage.domain.ids import uuid7
from haulage.domain.job import NewJob, Priority
from haulage.engine.scheduler import MAX_CATCH_UP, Scheduler, check, next_run
from haulage.engine.services import Services
from haulage.storage import schedule_store
from haulage.storage.schedule_store import Missed, Schedule, ScheduleStore
from haulage.storage.tables import jobs
from haulage.telemetry import tracing
from haulage.telemetry.spans import OtelRecorder
from haulage.telemetry.tracing import trace_id_of
from tests.conftest import TestClock

ROME = "Europe/Rome"


def moments(cron: str, after: str, count: int) -> list[str]:
    """The next moments in Rome, in UTC."""
    found, at = [], datetime.fromisoformat(after).replace(tzinfo=UTC)
    for _ in range(count):
        following = next_run(cron, ROME, after=at)
        assert following is not None
        at = following
        found.append(f"{at:%m-%d %H:%M}")
    return found


def test_a_time_of_day_follows_its_zone_over_both_clock_changes() -> None:
    assert moments("0 9 * * *", "2030-03-29T12:00", 3) == [
        "03-30 08:00", "03-31 07:00", "04-01 07:00",
    ]  # fmt: skip
    assert moments("0 9 * * *", "2030-10-25T12:00", 3) == [
        "10-26 07:00", "10-27 08:00", "10-28 08:00",
    ]  # fmt: skip


def test_a_time_that_spring_skips_comes_right_after_the_gap() -> None:
    # 02:30 does not exist on 31 March; 03:00 in Rome is 01:00 UTC.
    assert moments("30 2 * * *", "2030-03-30T12:00", 2) == ["03-31 01:00", "04-01 00:30"]


def test_two_times_that_spring_makes_one_come_once() -> None:
    assert moments("0,30 2 * * *", "2030-03-30T12:00", 2) == ["03-31 01:00", "04-01 00:00"]


def test_a_time_that_autumn_repeats_comes_once() -> None:
    assert moments("30 2 * * *", "2030-10-26T12:00", 2) == ["10-27 00:30", "10-28 01:30"]
    # Also for whoever asks in the second of the two hours.
    assert moments("30 2 * * *", "2030-10-27T01:10", 1) == ["10-28 01:30"]


def test_every_half_hour_goes_on_through_the_hour_that_comes_twice() -> None:
    assert moments("*/30 * * * *", "2030-10-26T23:59", 5) == [
        "10-27 00:00", "10-27 00:30", "10-27 01:00", "10-27 01:30", "10-27 02:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cron", "timezone", "pointer"),
    [
        ("61 * * * *", ROME, "/cron"),
        ("* * * * * *", ROME, "/cron"),
        ("nonsense", ROME, "/cron"),
        ("0 0 30 2 *", ROME, "/cron"),
        ("0 0 * * *", "Europe/Nowhere", "/timezone"),
        ("0 0 * * *", "../etc/passwd", "/timezone"),
        ("0 0 * * *", "", "/timezone"),
    ],
)
def test_what_would_never_run_is_refused(cron: str, timezone: str, pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(cron, timezone)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def always() -> bool:
    return True


@pytest.fixture
def store(services: Services) -> ScheduleStore:
    return ScheduleStore(services.database, services.clock)


@pytest.fixture
def scheduler(services: Services, store: ScheduleStore) -> Scheduler:
    return Scheduler(store, services)


async def scheduled(services: Services, store: ScheduleStore, **given: object) -> Schedule:
    """A schedule, every ten minutes in UTC if nothing else is said."""
    made = Schedule(
        id=uuid7(), tenant="default", name="tidy", type="echo", input='{"a":1}', queue="io",
        priority=Priority.LOW, tags=("mine",), cron="*/10 * * * *", timezone="UTC",
        missed=Missed.SKIP, next_run_at=None, created_at=services.clock.now(),
    )  # fmt: skip
    made = replace(made, **given)  # type: ignore[arg-type]
    made = replace(made, next_run_at=next_run(made.cron, made.timezone, after=services.clock.now()))
    assert await store.add(made)
    return made


async def slots(services: Services) -> list[str]:
    """The slots of the jobs that were made, in their order."""
    async with services.database.reading() as connection:
        rows = await connection.execute(sa.select(jobs.c.tags).order_by(jobs.c.id))
        return [tags[-1].removeprefix("slot:2030-01-01T")[:5] for (tags,) in rows]


async def stored(store: ScheduleStore, schedule: Schedule) -> Schedule:
    found = await store.get(schedule.id, tenant="default")
    assert found is not None
    return found


async def test_a_due_schedule_makes_its_job_and_moves_on(
    services: Services, store: ScheduleStore, scheduler: Scheduler, clock: TestClock
) -> None:
    schedule = await scheduled(services, store)
    clock.advance(minutes=9, seconds=59)
    await scheduler.round(always)
    assert await slots(services) == []
    clock.advance(seconds=1.4)
    await scheduler.round(always)
    await scheduler.round(always)
    async with services.database.reading() as connection:
        [job] = (await connection.execute(sa.select(jobs))).mappings().all()
    assert (job["type"], job["queue"], job["priority"], job["input"]) == ("echo", "io", 6, {"a": 1})
    assert job["tags"] == ["mine", "schedule:tidy", "slot:2030-01-01T12:10:00Z"]
    assert (job["state"], job["rung_at"]) == ("queued", None)
    found = await stored(store, schedule)
    assert (found.last_run_at, found.last_job_id) == (clock.now(), job["id"])
    assert found.next_run_at == datetime(2030, 1, 1, 12, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        (Missed.SKIP, []),
        (Missed.RUN_ONCE, ["12:30"]),
        (Missed.RUN_ALL, ["12:10", "12:20", "12:30"]),
    ],
)
async def test_missed_runs_go_as_the_schedule_says(
    services: Services,
    store: ScheduleStore,
    scheduler: Scheduler,
    clock: TestClock,
    missed: Missed,
    expected: list[str],
) -> None:
    schedule = await scheduled(services, store, missed=missed)
    clock.advance(minutes=35)
    await scheduler.round(always)
    assert await slots(services) == expected
    assert (await stored(store, schedule)).next_run_at == datetime(2030, 1, 1, 12, 40, tzinfo=UTC)


async def test_skip_keeps_the_run_whose_moment_is_now(
    services: Services, store: ScheduleStore, scheduler: Scheduler, clock: TestClock
) -> None:
    await scheduled(services, store)
    clock.advance(minutes=30, seconds=2)
    await scheduler.round(always)
    assert await slots(services) == ["12:30"]


async def test_run_all_is_bounded_and_keeps_the_latest(
    services: Services, store: ScheduleStore, scheduler: Scheduler, clock: TestClock
) -> None:
    await scheduled(services, store, cron="* * * * *", missed=Missed.RUN_ALL)
    clock.advance(hours=3)
    await scheduler.round(always)
    made = await slots(services)
    assert (len(made), made[-1]) == (MAX_CATCH_UP, "15:00")


async def test_two_schedulers_never_fire_the_same_run(
    services: Services, store: ScheduleStore, clock: TestClock
) -> None:
    for number in range(5):
        await scheduled(services, store, name=f"s{number}")
    clock.advance(minutes=10)
    await asyncio.gather(*(Scheduler(store, services).round(always) for _ in range(4)))
    assert await slots(services) == ["12:10"] * 5


async def test_a_crash_between_the_job_and_the_move_does_neither(
    services: Services,
    store: ScheduleStore,
    scheduler: Scheduler,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule = await scheduled(services, store)
    clock.advance(minutes=10)
    before = await stored(store, schedule)

    async def dies(connection: object, made: list[NewJob], **given: object) -> None:
        await insert(connection, made, **given)
        raise ConnectionError

    insert = schedule_store.insert_in
    with monkeypatch.context() as patched:
        patched.setattr(schedule_store, "insert_in", dies)
        await scheduler.round(always)
    assert (await slots(services), await stored(store, schedule)) == ([], before)
    await scheduler.round(always)
    assert await slots(services) == ["12:10"]


async def test_a_broken_schedule_does_not_hold_up_the_others(
    services: Services, store: ScheduleStore, scheduler: Scheduler, clock: TestClock
) -> None:
    broken = await scheduled(services, store, name="broken")
    await scheduled(services, store, name="sound")
    async with services.database.transaction() as connection:
        await connection.execute(
            sa.text("UPDATE schedules SET timezone = 'Gone/Gone', next_run_at = created_at "
                    "WHERE id = :id"), {"id": broken.id},
        )  # fmt: skip
    clock.advance(minutes=10)
    await scheduler.round(always)
    assert await slots(services) == ["12:10"]


async def test_a_paused_schedule_does_not_fire_and_resumes_without_catching_up(
    services: Services, store: ScheduleStore, scheduler: Scheduler, clock: TestClock
) -> None:
    schedule = await scheduled(services, store, missed=Missed.RUN_ALL)
    assert await store.pause(schedule.id, tenant="default", by="test")
    assert not await store.pause(schedule.id, tenant="default", by="test")
    clock.advance(minutes=35)
    await scheduler.round(always)
    following = next_run(schedule.cron, "UTC", after=clock.now())
    assert await store.resume(schedule.id, tenant="default", next_run_at=following)
    await scheduler.round(always)
    assert await slots(services) == []
    clock.advance(minutes=5)
    await scheduler.round(always)
    assert await slots(services) == ["12:40"]


async def test_schedules_belong_to_their_tenant(services: Services, store: ScheduleStore) -> None:
    schedule = await scheduled(services, store)
    assert not await store.add(replace(schedule, id=uuid7()))
    assert await store.add(replace(schedule, id=UUID(int=1), tenant="other"))
    assert await store.get(schedule.id, tenant="other") is None
    assert not await store.remove(schedule.id, tenant="other")
    assert [one.id for one in await store.of_tenant("default")] == [schedule.id]
    assert await store.remove(schedule.id, tenant="default")
    assert await store.of_tenant("default") == []


async def test_each_firing_begins_a_trace_that_its_jobs_are_in(
    services: Services,
    store: ScheduleStore,
    scheduler: Scheduler,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    monkeypatch.setattr(tracing, "_recorder", OtelRecorder(provider))
    schedule = await scheduled(services, store, missed=Missed.RUN_ALL)
    clock.advance(minutes=10)
    await scheduler.round(always)
    clock.advance(minutes=20)
    await scheduler.round(always)
    async with services.database.reading() as connection:
        made = (await connection.execute(sa.select(jobs.c.traceparent).order_by(jobs.c.id))).all()
    first, second, third = (trace_id_of(context) for (context,) in made)
    fired = [one for one in seen.get_finished_spans() if one.name == "fire schedule"]
    assert [f"{one.context.trace_id:032x}" for one in fired] == [first, second]
    assert (first != second, second == third) == (True, True)
    assert [one.parent for one in fired] == [None, None]
    assert [one.attributes["haulage.jobs"] for one in fired] == [1, 2]
    assert fired[0].attributes["haulage.schedule_id"] == str(schedule.id)
