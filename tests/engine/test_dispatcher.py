"""The dispatcher, tick by tick: rings, rescues, and patience with a PostgreSQL that was away."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from haulage.domain.job import Priority
from haulage.domain.lifecycle import State
from haulage.domain.ports import Bell
from haulage.engine.dispatcher import Dispatcher
from haulage.engine.services import Services
from haulage.engine.window import HOLD_S
from haulage.settings import EngineSettings
from haulage.storage.database import Database
from haulage.storage.leader import Leader
from tests.conftest import TestClock
from tests.factories import LEASE_S, Hand, away, cut, queued, retry, row, state

SETTINGS = EngineSettings(lease_s=LEASE_S, rering_s=2.0, rering_congested_s=60.0, tick_s=0.01)


class RecordingDoorbell:
    """Remembers what was rung; `heard` lets a test wait for more."""

    def __init__(self) -> None:
        self.bells: list[Bell] = []
        self._rang = asyncio.Event()

    def ring(self, bells: Iterable[Bell]) -> None:
        self.bells += bells
        self._rang.set()

    def taken(self) -> list[UUID]:
        """What was rung since the last look."""
        rung, self.bells = [bell.job_id for bell in self.bells], []
        return rung

    async def heard(self, job_id: UUID) -> None:
        async with asyncio.timeout(30):
            while job_id not in [bell.job_id for bell in self.bells]:
                self._rang.clear()
                await self._rang.wait()


class Post:
    """A dispatcher with a clock that moves PostgreSQL's time and its own together."""

    def __init__(self, services: Services, clock: TestClock) -> None:
        self.doorbell = RecordingDoorbell()
        self.services = replace(services, doorbell=self.doorbell)
        self.clock = clock
        self.monotonic = 100.0
        self.lengths: dict[str, int | None] = {"io": 0, "cpu": 0}
        self.dispatcher = self.made()
        # Long enough at its post to judge workers.
        self.monotonic += LEASE_S

    def made(self, **changed: object) -> Dispatcher:
        return Dispatcher(
            self.services,
            Leader(self.services.database, "test"),
            settings=SETTINGS.model_copy(update=changed),
            queues={"io": "io", "cpu": "cpu"},
            queue_lengths=self._length,
            monotonic=lambda: self.monotonic,
        )

    async def _length(self, queue: str) -> int | None:
        return self.lengths[queue]

    async def tick(self, after_s: float = 0.0) -> list[UUID]:
        """Let time pass and tick; what was rung."""
        self.clock.advance(seconds=after_s)
        self.monotonic += after_s
        await self.dispatcher.tick()
        return self.doorbell.taken()


@pytest.fixture
async def post(services: Services, clock: TestClock) -> Post:
    return Post(services, clock)


async def test_what_becomes_due_is_queued_and_rung_in_the_same_tick(
    services: Services, clock: TestClock, post: Post
) -> None:
    job_id = await queued(services, run_at=clock.now() + timedelta(seconds=10))
    assert await post.tick(9) == []
    assert await post.tick(1) == [job_id]
    assert await post.tick(0.1) == []


async def test_a_retry_rings_on_its_own_lane(services: Services, post: Post) -> None:
    job_id = await queued(services)
    await (await Hand.hired(services)).run(job_id, retry(1.0))
    post.clock.advance(seconds=1)
    await post.dispatcher.tick()
    [bell] = post.doorbell.bells
    assert (bell.job_id, bell.retry, bell.rings) == (job_id, True, 2)


async def test_each_queue_is_rung(services: Services, post: Post) -> None:
    ids = {await queued(services, queue=queue, rings=False) for queue in ("io", "cpu")}
    await queued(services, queue="nobody serves it", rings=False)
    assert set(await post.tick()) == ids


async def test_a_lost_ring_is_rung_again_after_a_while_when_a_worker_is_free(
    services: Services, post: Post
) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    assert await post.tick() == []
    assert await post.tick(1.9) == []
    await services.workers.beat(hand.id, in_flight=0, backlog=0, rss_bytes=None)
    assert await post.tick(1.2) == [job_id]
    assert await post.tick(1.2) == []


@pytest.mark.parametrize("why", ["messages wait", "no worker is free"])
async def test_patience_is_longer_while_jobs_wait_their_turn(
    services: Services, post: Post, why: str
) -> None:
    hand = await Hand.hired(services, slots=0 if why == "no worker is free" else 5)
    if why == "messages wait":
        post.lengths["io"] = 3
    job_id = await queued(services)
    for _ in range(20):
        await services.workers.beat(hand.id, in_flight=0, backlog=0, rss_bytes=None)
        assert await post.tick(3) == []
    assert await post.tick(1.5) == [job_id]


async def test_while_redis_is_away_nothing_is_rung_again(services: Services, post: Post) -> None:
    post.lengths["io"] = None
    await Hand.hired(services)
    await queued(services)
    assert await post.tick(4) == []


async def test_jobs_of_a_silent_worker_are_rung_again_in_the_tick_that_finds_out(
    services: Services, post: Post
) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.claim(job_id)
    assert await post.tick(LEASE_S) == []
    assert await post.tick(1.1) == [job_id]
    found = await row(services, job_id)
    assert (found["state"], found["crashes"]) == ("queued", 1)


async def test_jobs_of_a_worker_that_beats_are_left_alone(services: Services, post: Post) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.claim(job_id)
    for _ in range(15):
        await services.workers.beat(hand.id, in_flight=1, backlog=0, rss_bytes=None)
        assert await post.tick(1.0) == []
    assert await state(services, job_id) is State.RUNNING


async def test_what_is_past_its_deadline_fails(
    services: Services, clock: TestClock, post: Post
) -> None:
    job_id = await queued(services, deadline=clock.now() + timedelta(seconds=1), rings=False)
    await post.tick(2)
    assert await state(services, job_id) is State.FAILED


async def test_no_more_are_rung_than_the_window_has_room_for(
    services: Services, clock: TestClock, post: Post
) -> None:
    post.dispatcher = post.made(window=3)
    low = [await queued(services, rings=False, priority=Priority.LOW) for _ in range(3)]
    clock.advance(seconds=1)
    high = [await queued(services, rings=False, priority=Priority.HIGH) for _ in range(2)]
    assert await post.tick() == [*high, low[0]]
    assert await post.tick(0.1) == []
    hand = await Hand.hired(services)
    await hand.claim(high[0])
    await hand.claim(low[0])
    assert await post.tick(0.1) == low[1:]


async def test_quick_workers_are_rung_for_some_seconds_of_what_they_end(
    services: Services, post: Post
) -> None:
    post.dispatcher = post.made(window=3)
    for _ in range(6):
        await queued(services, rings=False)
    hand = await Hand.hired(services)
    await services.workers.beat(hand.id, in_flight=0, paces={"io": 5 / HOLD_S})
    assert len(await post.tick()) == 5


async def test_silence_while_postgresql_was_away_kills_no_worker(
    services: Services, post: Post
) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.claim(job_id)
    assert await post.dispatcher._leader.acquire()
    post.dispatcher._note_answer()
    post.monotonic += 60
    post.clock.advance(seconds=60)
    post.dispatcher._note_answer()
    assert await post.tick() == []
    assert await state(services, job_id) is State.RUNNING
    assert await post.tick(LEASE_S - 1) == []
    assert await post.tick(1.1) == [job_id]
    await post.dispatcher._leader.release()


async def test_a_dispatcher_that_has_just_begun_gives_workers_time_to_beat(
    services: Services, post: Post
) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.claim(job_id)
    # PostgreSQL is back after a minute, and the dispatcher that was there before is not.
    post.clock.advance(seconds=60)
    post.dispatcher = post.made()
    assert await post.tick() == []
    assert await post.tick(LEASE_S - 0.1) == []
    assert await post.tick(1.1) == [job_id]


@pytest.fixture
async def running(post: Post, servers: dict[str, str]) -> AsyncIterator[Post]:
    """The dispatcher at work, on its own clock."""
    stop = asyncio.Event()
    at_work = asyncio.ensure_future(post.dispatcher.run(stop))
    yield post
    stop.set()
    await at_work


async def test_a_running_dispatcher_rings_what_comes(services: Services, running: Post) -> None:
    await running.doorbell.heard(await queued(services, rings=False))


async def test_it_goes_on_after_its_connections_were_cut(
    services: Services, running: Post, database_url: str
) -> None:
    for _ in range(3):
        await running.doorbell.heard(await queued(services, rings=False))
        cut(database_url, "haulage-test")
    await running.doorbell.heard(await queued(services, rings=False))


async def test_it_goes_on_after_postgresql_was_away(
    services: Services, running: Post, database_url: str, servers: dict[str, str]
) -> None:
    first, second = await queued(services, rings=False), await queued(services, rings=False)
    await running.doorbell.heard(first)
    with away(servers["database"], database_url):
        pass
    await running.doorbell.heard(second)
    await running.doorbell.heard(await queued(services, rings=False))


async def test_of_two_dispatchers_one_leads_until_it_ends(
    services: Services, clock: TestClock, database_url: str
) -> None:
    other = Database(database_url, pool_size=3, name="haulage-other")
    first, second = Post(services, clock), Post(replace(services, database=other), clock)
    stops = asyncio.Event(), asyncio.Event()
    works = []
    for post, stop in zip((first, second), stops, strict=True):
        works.append(asyncio.ensure_future(post.dispatcher.run(stop)))
        if post is first:
            await first.doorbell.heard(await queued(services, rings=False))
    for _ in range(3):
        await first.doorbell.heard(await queued(services, rings=False))
    assert second.doorbell.bells == []
    stops[0].set()
    await works[0]
    await second.doorbell.heard(await queued(services, rings=False))
    stops[1].set()
    await works[1]
    await other.close()
