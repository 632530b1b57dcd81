"""Who leads, what the leader does beside its ticks, and when it does not wait for the next."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa

from haulage.domain.ports import Bell
from haulage.engine import dispatcher as dispatchers
from haulage.engine.dispatcher import LEADERSHIP, Chore, Dispatcher
from haulage.engine.services import Services
from haulage.settings import EngineSettings
from haulage.storage.database import Database
from haulage.storage.leader import Leader
from tests.factories import new_job


class Heard:
    """A doorbell that keeps what it rang."""

    def __init__(self) -> None:
        self.bells: list[Bell] = []

    def ring(self, bells: Iterable[Bell]) -> None:
        self.bells += bells


class Endless:
    """A chore that goes on for as long as it may."""

    every_s = 0.01

    def __init__(self, name: str) -> None:
        self.name = name
        self.rounds = 0
        self.ended = False

    async def round(self, go_on: Callable[[], bool]) -> None:
        self.rounds += 1
        while go_on():  # noqa: ASYNC110 - as chores are told
            await asyncio.sleep(0.01)
        self.ended = True


class Broken(Endless):
    """A chore that fails each time."""

    async def round(self, go_on: Callable[[], bool]) -> None:
        self.rounds += 1
        raise ValueError("odd")


async def nobody_knows(queue: str) -> int | None:
    return None


def made(services: Services, database: Database, *chores: Chore, **settings: float) -> Dispatcher:
    return Dispatcher(
        services,
        Leader(database, LEADERSHIP),
        settings=EngineSettings(**{"tick_s": 0.05, **settings}),
        queues={"io": "io"},
        queue_lengths=nobody_knows,
        chores=chores,
    )


@asynccontextmanager
async def running(dispatcher: Dispatcher) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - any condition, not one event
            await asyncio.sleep(0.01)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, pool_size=5, name="haulage-other")
    yield opened
    await opened.close()


async def cut_the_leaders_connection(database: Database) -> None:
    async with database.transaction() as connection:
        cut = await connection.execute(
            sa.text("""
            SELECT pg_terminate_backend(pid) FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND database = (
                SELECT oid FROM pg_database WHERE datname = current_database())
            """)
        )
        assert cut.scalars().all() == [True]


async def test_the_other_dispatcher_leads_within_two_seconds_of_the_leaders_death(
    services: Services, database: Database, other: Database
) -> None:
    first, second = made(services, database), made(services, other)
    crashing = asyncio.create_task(first.run(asyncio.Event()))
    await until(lambda: first.leads)
    async with running(second):
        # Ended where it stands, without giving the lock back; then its connection goes too.
        crashing.cancel()
        await asyncio.gather(crashing, return_exceptions=True)
        assert not second.leads
        await cut_the_leaders_connection(other)
        await until(lambda: second.leads, 2)
    # The dead one's connection goes back to its pool, or the garbage collector would complain.
    assert not await first._leader.held()


async def test_a_leader_whose_connection_was_cut_knows_that_another_leads(
    database: Database, other: Database
) -> None:
    leader, rival = Leader(database, LEADERSHIP), Leader(other, LEADERSHIP)
    assert await leader.acquire()
    assert not await rival.acquire()
    await cut_the_leaders_connection(other)
    await until_acquired(rival)
    assert not await leader.acquire()
    await rival.release()


async def until_acquired(leader: Leader) -> None:
    async with asyncio.timeout(20):
        while not await leader.acquire():  # noqa: ASYNC110 - the server ends the old session
            await asyncio.sleep(0.01)


async def test_while_work_remains_the_dispatcher_does_not_wait_for_its_tick(
    services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatchers, "RING_BATCH", 1)
    monkeypatch.setattr(dispatchers, "RINGS_A_TICK", 1)
    heard = Heard()
    await services.jobs.insert([new_job(rings=False) for _ in range(5)])
    async with running(made(replace(services, doorbell=heard), database, tick_s=60.0)):
        await until(lambda: len(heard.bells) == 5)


async def test_a_full_window_is_no_reason_for_another_tick_at_once(
    services: Services, database: Database
) -> None:
    heard = Heard()
    await services.jobs.insert([new_job(rings=False) for _ in range(50)])
    assert not await made(replace(services, doorbell=heard), database, window=30).tick()
    assert len(heard.bells) == 30


async def test_a_chore_that_takes_long_or_breaks_does_not_delay_the_ring(
    services: Services, database: Database
) -> None:
    heard, slow, broken = Heard(), Endless("slow"), Broken("broken")
    async with running(made(replace(services, doorbell=heard), database, slow, broken)):
        await until(lambda: slow.rounds == 1 and broken.rounds > 1)
        await services.jobs.insert([new_job(rings=False)])
        await until(lambda: len(heard.bells) == 1)
        assert not slow.ended
    assert slow.ended


async def test_chores_are_the_leaders_alone(
    services: Services, database: Database, other: Database
) -> None:
    idle, busy = Endless("idle"), Endless("busy")
    async with running(made(services, database, busy)):
        await until(lambda: busy.rounds == 1)
        async with running(made(services, other, idle)):
            await asyncio.sleep(0.1)
            assert idle.rounds == 0
