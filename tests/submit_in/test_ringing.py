"""The commit rings: the dispatcher hears of it between its ticks."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from random import Random

import psycopg
import pytest

from haulage import submit_in
from haulage.domain.lifecycle import State
from haulage.engine.announced import Announced
from haulage.engine.dispatcher import Dispatcher
from haulage.engine.executor import Executor, Stop
from haulage.engine.runner import invoke_async
from haulage.engine.services import Services
from haulage.settings import EngineSettings
from haulage.storage.announcements import listen
from haulage.storage.leader import Leader
from tests.engine.test_dispatcher import RecordingDoorbell
from tests.factories import Hand, row, state

HEARD_WITHIN_S = 20.0
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'LISTEN%%'
"""


async def nobody_knows(queue: str) -> int | None:
    return None


@asynccontextmanager
async def dispatching(services: Services, *, tick_s: float) -> AsyncIterator[Announced]:
    """A dispatcher that leads and whose first tick is over."""
    announced = Announced(lambda: listen(services.database))
    dispatcher = Dispatcher(
        services,
        Leader(services.database, "test"),
        settings=EngineSettings(tick_s=tick_s),
        queues={"io": "io", "cpu": "cpu"},
        queue_lengths=nobody_knows,
        announced=announced,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    try:
        yield announced
    finally:
        stop.set()
        await running


@pytest.fixture
def doorbell() -> RecordingDoorbell:
    return RecordingDoorbell()


@pytest.fixture
def rung(published: Services, doorbell: RecordingDoorbell) -> Services:
    return replace(published, doorbell=doorbell)


async def soon(heard: AsyncGenerator[None, None]) -> None:
    async with asyncio.timeout(HEARD_WITHIN_S):
        await anext(heard)


async def test_a_commit_is_heard_and_neither_a_submit_nor_a_rollback(
    published: Services, caller: psycopg.Connection, async_caller: psycopg.AsyncConnection
) -> None:
    async with aclosing(listen(published.database)) as heard:
        await soon(heard)
        commits = asyncio.ensure_future(anext(heard))
        submit_in(caller, "invoice", {"order": 1})
        await submit_in(async_caller, "invoice", {"order": 2})
        await async_caller.rollback()
        # PostgreSQL delivers in the order of commits: had those two been told, this would be third.
        assert not commits.done()
        submit_in(caller, "invoice", {"order": 3})
        caller.commit()
        async with asyncio.timeout(HEARD_WITHIN_S):
            await commits


async def test_a_job_is_rung_at_its_commit_and_not_at_the_next_tick(
    rung: Services, doorbell: RecordingDoorbell, async_caller: psycopg.AsyncConnection
) -> None:
    async with dispatching(rung, tick_s=3600):
        for order in range(3):
            job_id = await submit_in(async_caller, "invoice", {"order": order})
            await async_caller.commit()
            await doorbell.heard(job_id)
    assert [bell.rings for bell in doorbell.bells] == [1, 1, 1]
    assert (await row(rung, job_id))["rung_at"] is not None


async def test_a_listener_that_was_cut_off_listens_again(
    rung: Services,
    doorbell: RecordingDoorbell,
    async_caller: psycopg.AsyncConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("haulage.engine.announced.LISTEN_AGAIN_S", 0.01)
    async with dispatching(rung, tick_s=3600):
        first = await submit_in(async_caller, "invoice", {"order": 1})
        await async_caller.commit()
        await doorbell.heard(first)
        await async_caller.execute(CUT)
        second = await submit_in(async_caller, "invoice", {"order": 2})
        await async_caller.commit()
        await doorbell.heard(second)


async def test_a_deaf_dispatcher_finds_the_job_at_its_tick(
    rung: Services, doorbell: RecordingDoorbell, async_caller: psycopg.AsyncConnection
) -> None:
    async def deaf() -> AsyncGenerator[None, None]:
        await asyncio.Event().wait()
        yield

    dispatcher = Dispatcher(
        rung,
        Leader(rung.database, "test"),
        settings=EngineSettings(tick_s=0.01),
        queues={"io": "io"},
        queue_lengths=nobody_knows,
        announced=Announced(deaf),
    )
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    job_id = await submit_in(async_caller, "invoice", {"order": 1})
    await async_caller.commit()
    await doorbell.heard(job_id)
    stop.set()
    await running


@pytest.mark.parametrize("order", [7, "seven"])
async def test_an_input_that_nobody_checked_is_checked_by_the_worker(
    published: Services, async_caller: psycopg.AsyncConnection, order: object
) -> None:
    job_id = await submit_in(async_caller, "invoice", {"order": order})
    await async_caller.commit()
    lease = await (await Hand.hired(published)).claim(job_id)
    await Executor(published, random=Random(7)).run(lease, Stop(), invoke_async)
    if order == 7:
        assert await state(published, job_id) is State.SUCCEEDED
        return
    found = await row(published, job_id)
    assert (found["state"], found["error"]["code"]) == ("failed", "invalid_input")
    assert "/order" in found["error"]["message"]
