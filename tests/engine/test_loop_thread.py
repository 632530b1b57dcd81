"""An event loop in a thread: no task of a handler's ends it."""

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from haulage.engine.incarnation import Incarnation, worker_name
from haulage.engine.loop_thread import LoopThread


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    made = LoopThread("test")
    yield made
    made.stop()


async def name_of_thread() -> str:
    return threading.current_thread().name


def test_work_runs_on_the_loops_own_thread(thread: LoopThread) -> None:
    assert thread.call(name_of_thread(), within_s=10) == "test"


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_task_that_exits_ends_nothing_else(thread: LoopThread, kind: type[BaseException]) -> None:
    async def exits() -> None:
        raise kind

    async def beside(release: asyncio.Event) -> str:
        await release.wait()
        return "alive"

    async def made_event() -> asyncio.Event:
        return asyncio.Event()

    async def start(release: asyncio.Event) -> None:
        asyncio.get_running_loop().create_task(exits())
        asyncio.get_running_loop().call_later(0.01, release.set)

    release = thread.call(made_event(), within_s=10)
    other = thread.spawn(beside(release))
    thread.call(start(release), within_s=10)
    assert other.result(10) == "alive"
    assert thread.call(name_of_thread(), within_s=10) == "test"


def test_stopping_cancels_what_still_runs() -> None:
    thread = LoopThread("test")
    endless = thread.spawn(asyncio.sleep(3600))
    thread.stop()
    with pytest.raises(CancelledError):
        endless.result(10)
    assert thread.loop.is_closed()
    thread.stop()


def test_an_incarnation_is_seen_by_children_forked_before_it_was_renewed() -> None:
    incarnation = Incarnation()
    first = incarnation.id
    ready_r, ready_w = os.pipe()
    seen_r, seen_w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(ready_r, 1)
        os.write(seen_w, incarnation.id.bytes)
        os._exit(0)
    fresh = incarnation.renew()
    os.write(ready_w, b"1")
    seen = os.read(seen_r, 16)
    os.waitpid(pid, 0)
    for end in (ready_r, ready_w, seen_r, seen_w):
        os.close(end)
    assert seen == fresh.bytes != first.bytes
    assert incarnation.id == fresh


def test_a_workers_name_tells_pool_host_and_process() -> None:
    assert worker_name("io").startswith("io@")
    assert worker_name("io").endswith(f":{os.getpid()}")
