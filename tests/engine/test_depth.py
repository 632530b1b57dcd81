"""The cap of a queue: whole batches, a look a second, and no submit in its way."""

import asyncio

import pytest

from haulage.domain.errors import QueueFull, Unavailable
from haulage.engine.depth import RETRY_AFTER_S, Depth


class Table:
    """What a count of the table would find, and when it may answer."""

    def __init__(self, waiting: int = 0) -> None:
        self.waiting = waiting
        self.looks = 0
        self.away = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.now_s = 100.0

    async def __call__(self, queue: str, *, up_to: int) -> int:
        self.looks += 1
        await self.answers.wait()
        if self.away:
            raise Unavailable("gone")
        return min(self.waiting, up_to)

    def monotonic(self) -> float:
        return self.now_s


def depth_on(table: Table, most: int = 10) -> Depth:
    return Depth(most, table, monotonic=table.monotonic)


async def test_what_fits_is_taken_and_what_does_not_is_refused_whole() -> None:
    depth = depth_on(Table(waiting=6))
    await depth.take(["io"] * 3)
    with pytest.raises(QueueFull, match="cap of 10") as caught:
        await depth.take(["io"] * 2)
    assert caught.value.retry_after_s == RETRY_AFTER_S
    await depth.take(["io"])
    with pytest.raises(QueueFull):
        await depth.take(["io"])


async def test_one_full_queue_refuses_a_batch_for_two_and_takes_no_place_in_the_other() -> None:
    depth = depth_on(Table())
    await depth.take(["io"] * 10)
    with pytest.raises(QueueFull, match="'io'"):
        await depth.take(["cpu", "io"])
    await depth.take(["cpu"] * 10)


async def test_a_full_queue_is_looked_at_once_a_second_and_takes_jobs_again() -> None:
    table = Table(waiting=10)
    depth = depth_on(table)
    for _ in range(50):
        with pytest.raises(QueueFull):
            await depth.take(["io"])
    assert table.looks == 1
    table.waiting = 4
    table.now_s += 1
    await depth.take(["io"])
    assert table.looks == 2


async def test_while_there_is_room_no_submit_waits_for_a_look() -> None:
    table = Table()
    depth = depth_on(table)
    await depth.take(["io"])
    table.now_s += 1
    table.answers.clear()
    table.waiting = 9
    for _ in range(3):
        await depth.take(["io"])
    assert table.looks == 1
    await asyncio.sleep(0)
    assert table.looks == 2
    table.answers.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await depth.take(["io"] * 2)


async def test_while_postgresql_is_away_the_insert_may_say_so() -> None:
    table = Table()
    table.away = True
    await depth_on(table).take(["io"])
