"""Pages of jobs: what a filter leaves, in its order, without gap or repetition, on every way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from haulage.domain.ids import uuid7
from haulage.domain.job import Job
from haulage.domain.lifecycle import TERMINAL, State
from haulage.engine.services import Services
from haulage.storage import job_lists, job_walks
from haulage.storage.job_filter import JobFilter, Order
from haulage.storage.job_reads import JobReads
from haulage.storage.lanes import Position
from haulage.storage.tables import job_tags, jobs
from tests.conftest import TestClock
from tests.factories import FAILED, Hand, brought_to, queued, row

PARENTS = [uuid7(), uuid7()]
MESSAGES = ["Page 7 refused", "timed out", "100% wrong_", "Straße zu"]


@pytest.fixture
def reads(services: Services) -> JobReads:
    return JobReads(services.database, services.blobs)


def position(job: Job, wanted: JobFilter) -> Position:
    at = getattr(job, wanted.order.value)
    return Position(at, job.id)


async def pages(reads: JobReads, wanted: JobFilter, limit: int = 50) -> list[UUID]:
    """The ids of all pages, one after the other."""
    found: list[Job] = []
    while True:
        before = position(found[-1], wanted) if found else None
        page = await reads.page(wanted, tenant="default", before=before, limit=limit)
        assert len(page) <= limit
        found += page
        if len(page) < limit:
            return [job.id for job in found]


async def test_pages_go_from_new_to_old_without_gap(services: Services, reads: JobReads) -> None:
    # All created in one moment of a clock that stands still.
    ids = [await queued(services) for _ in range(5)]
    assert await pages(reads, JobFilter(), limit=2) == ids[::-1]
    assert await pages(reads, JobFilter(types=["echo"]), limit=2) == ids[::-1]


async def test_a_list_by_finish_shows_who_finished_last_first(
    services: Services, reads: JobReads, clock: TestClock
) -> None:
    hand = await Hand.hired(services)
    start = clock.now()
    first, second = await queued(services), await queued(services)
    for job_id in (second, first):
        clock.advance(seconds=1)
        await hand.run(job_id, FAILED)
    assert await pages(reads, JobFilter(finished_after=start)) == [first, second]
    assert await pages(reads, JobFilter(started_after=start), limit=1) == [first, second]
    assert await pages(reads, JobFilter(finished_before=start)) == []


async def test_the_tags_of_a_job_count_once(services: Services, reads: JobReads) -> None:
    job_id = await queued(services, tags=("a", "b", "a"))
    assert await pages(reads, JobFilter(tags=["a"])) == [job_id]
    assert await pages(reads, JobFilter(tags=["a", "b"])) == [job_id]
    assert await pages(reads, JobFilter(tags=["a", "c"])) == []


async def test_the_text_of_an_error_is_there_until_the_job_succeeds_or_is_redriven(
    services: Services, reads: JobReads
) -> None:
    failed = await brought_to(services, State.FAILED)
    retried = await brought_to(services, State.SCHEDULED)
    wanted = JobFilter(text="WENT wrong")
    assert await pages(reads, wanted) == [retried, failed]
    await services.decisions.redrive([failed], tenant="default", by="test")
    assert await pages(reads, wanted) == [retried]


async def test_a_missed_deadline_and_a_quarantine_are_found_by_their_text(
    services: Services, reads: JobReads, clock: TestClock
) -> None:
    late = await queued(services, deadline=clock.now() + timedelta(seconds=1))
    deadly = await queued(services, max_crashes=1)
    hand = await Hand.hired(services)
    await hand.claim(deadly)
    await hand.dies()
    clock.advance(seconds=2)
    assert await services.dispatch.expire(limit=10) == 1
    await services.dispatch.rescue_orphans(limit=10)
    assert await pages(reads, JobFilter(text="deadline passed")) == [late]
    assert await pages(reads, JobFilter(text="died 1 times")) == [deadly]


async def test_an_error_of_any_characters_and_length_is_kept(services: Services) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    bad = replace(FAILED.error, message="\x00\ud800" + "字" * 5_000)
    await hand.run(job_id, replace(FAILED, error=bad))
    kept = (await row(services, job_id))["error_text"]
    assert kept.startswith("odd ?字")
    assert len(kept.encode()) <= 600


# ── Every way finds the same ─────────────────────────────────────────────────────────────────


async def fill(services: Services, random: Random, start: datetime, count: int) -> list[dict]:
    """Jobs of all kinds, written as they are."""
    rows = []
    for number in range(count):
        state = random.choice(list(State))
        created = start + timedelta(seconds=number // 3)
        started = created + timedelta(seconds=random.randrange(60))
        is_over = state in TERMINAL
        has_error = state is State.FAILED or (state is State.SCHEDULED and random.random() < 0.5)
        message = random.choice(MESSAGES)
        rows.append(
            {
                "id": uuid7(),
                "tenant": random.choice(["default", "default", "other"]),
                "type": random.choice(["a", "b", "rare"] if number < 5 else ["a", "b"]),
                "queue": random.choice(["io", "cpu"]),
                "state": state.value,
                "tags": random.sample(["x", "y", "z"], random.randrange(3)),
                "input": 1,
                "result": {"ok": 1} if state is State.SUCCEEDED else sa.null(),
                "error": {"code": "odd", "message": message} if has_error else sa.null(),
                "error_text": f"odd {message}".lower() if has_error else None,
                "fingerprint": f"a:{message}" if state is State.FAILED else None,
                "discarded_at": random.choice([None, created]) if state is State.FAILED else None,
                "max_attempts": 1,
                "timeout_s": 1.0,
                "worker_id": uuid7() if state is State.RUNNING else None,
                "parent_id": random.choice([None, *PARENTS]),
                "created_at": created,
                "scheduled_at": created,
                "started_at": None if state is State.QUEUED else started,
                "finished_at": started + timedelta(seconds=random.randrange(60))
                if is_over
                else None,
                "cancelled_at": started if state is State.CANCELLED else None,
            }
        )
    tags = [
        {"tag": tag, "job_id": one["id"]}
        | {name: one[name] for name in ("tenant", "queue", "type", "created_at")}
        for one in rows
        for tag in one["tags"]
    ]
    async with services.database.transaction() as connection:
        await connection.execute(jobs.insert(), rows)
        await connection.execute(job_tags.insert(), tags)
    return rows


def filters(random: Random, start: datetime) -> JobFilter:
    """One to four filters at once."""

    def moment() -> datetime:
        return start + timedelta(seconds=random.randrange(90))

    makers: dict[str, Callable[[], Any]] = {
        "states": lambda: random.sample(list(State), random.randint(1, 3)),
        "types": lambda: random.sample(["a", "b", "rare", "none"], random.randint(1, 2)),
        "queues": lambda: [random.choice(["io", "cpu", "none"])],
        "tags": lambda: random.sample(["x", "y", "z", "none"], random.randint(1, 2)),
        "text": lambda: random.choice(["ODD", "page 7", "%", "_", "STRASSE", "straße", "nothing"]),
        "parent": lambda: random.choice(PARENTS),
        "created_after": moment,
        "created_before": moment,
        "started_after": moment,
        "started_before": moment,
        "finished_after": moment,
        "finished_before": moment,
    }
    chosen = random.sample(sorted(makers), random.randint(1, 4))
    wanted = JobFilter(**{name: makers[name]() for name in chosen})
    if random.random() < 0.2:
        cause = random.choice([None, f"a:{MESSAGES[0]}"])
        aside = random.random() < 0.3
        return replace(wanted, states=[State.FAILED], discarded=aside, fingerprint=cause)
    return wanted


def expected(rows: list[dict], wanted: JobFilter) -> list[UUID]:
    """What the filter leaves, by plain Python."""

    def fits(one: dict) -> bool:
        for column in ("created_at", "started_at", "finished_at"):
            name = column.removesuffix("_at")
            after, before = getattr(wanted, f"{name}_after"), getattr(wanted, f"{name}_before")
            if after and not (one[column] and one[column] >= after):
                return False
            if before and not (one[column] and one[column] < before):
                return False
        return (
            one["tenant"] == "default"
            and (not wanted.states or one["state"] in wanted.states)
            and (not wanted.types or one["type"] in wanted.types)
            and (not wanted.queues or one["queue"] in wanted.queues)
            and set(wanted.tags) <= set(one["tags"])
            and wanted.fingerprint in (None, one["fingerprint"])
            and (wanted.discarded is None or wanted.discarded == bool(one["discarded_at"]))
            and (wanted.parent is None or one["parent_id"] == wanted.parent)
            and (wanted.text is None or wanted.text.lower() in (one["error_text"] or ""))
        )

    left = [one for one in rows if fits(one)]
    left.sort(key=lambda one: (one[wanted.order.value], one["id"]), reverse=True)
    return [one["id"] for one in left]


# With 0 no filter leads to few, all of them walk; with 20 some do, with 5,000 all.
@pytest.mark.parametrize(("few", "very_few", "reach"), [(0, 0, 7), (20, 5, 20), (5_000, 100, 7)])
async def test_every_filter_and_every_mix_finds_what_fits_it(
    services: Services,
    reads: JobReads,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    very_few: int,
    reach: int,
) -> None:
    strides = (reach, 2 * reach, 2 * reach)
    for name, value in {"FEW": few, "VERY_FEW": very_few, "STRIDES": strides}.items():
        monkeypatch.setattr(job_lists, name, value)
    for name, value in {"REACH": reach, "LOOK": 4 * reach, "LEAST": 2}.items():
        monkeypatch.setattr(job_walks, name, value)
    random = Random(few)
    rows = await fill(services, random, clock.now(), 250)
    orders = set()
    for _ in range(100):
        wanted = filters(random, clock.now())
        orders.add(wanted.order)
        limit = random.choice([7, 31, 100])
        assert await pages(reads, wanted, limit=limit) == expected(rows, wanted), (wanted, limit)
    assert orders == set(Order)
