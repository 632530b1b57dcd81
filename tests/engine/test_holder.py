"""Whose code holds a loop: seen from another thread, also in tasks that a handler has made."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import pytest

from haulage.domain.ids import uuid7
from haulage.engine.holder import holder, name_tasks
from haulage.engine.loop_thread import LoopThread
from haulage.telemetry import logs


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    made = LoopThread("handlers")
    name_tasks(made.loop)
    yield made
    made.stop()


class Blocking:
    """Holds the loop from the moment it is called until it is let go."""

    def __init__(self) -> None:
        self.held = threading.Event()
        self.let_go = threading.Event()

    async def __call__(self) -> None:
        self.held.set()
        assert self.let_go.wait(10)


async def itself(block: Blocking) -> None:
    await asyncio.ensure_future(block())


async def a_task_of_its_own(block: Blocking) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
        group.create_task(block())


async def a_named_task(block: Blocking) -> None:
    await asyncio.create_task(block(), name="mine")


def seen(
    thread: LoopThread, handler: Callable[[Blocking], Awaitable[None]], job_id: UUID
) -> object:
    """Who holds the loop by `holder` while `handler` runs for `job_id` beside another job."""

    async def run(block: Blocking) -> None:
        logs.job.set({"job_id": job_id})
        await asyncio.ensure_future(handler(block))

    async def other() -> None:
        logs.job.set({"job_id": uuid7()})
        await asyncio.sleep(0.01)

    block = Blocking()
    running = [thread.spawn(other()), thread.spawn(run(block))]
    assert block.held.wait(10)
    found = holder(thread.loop)
    block.let_go.set()
    for one in running:
        one.result(10)
    return found


@pytest.mark.parametrize("handler", [itself, a_task_of_its_own])
def test_the_job_that_holds_the_loop_is_known(
    thread: LoopThread, handler: Callable[[Blocking], Awaitable[None]]
) -> None:
    job_id = uuid7()
    assert seen(thread, handler, job_id) == job_id


def test_a_task_with_a_name_of_its_own_is_nobodys(thread: LoopThread) -> None:
    assert seen(thread, a_named_task, uuid7()) is None


def test_a_loop_at_rest_is_held_by_nobody(thread: LoopThread) -> None:
    thread.call(asyncio.sleep(0))
    assert holder(thread.loop) is None
