"""The batcher: alone without delay, under load together, and never one for another's fault."""

import asyncio
from collections.abc import Sequence

import pytest

from haulage.domain.errors import Unavailable
from haulage.engine.batcher import Batcher


class Flush:
    """Records batches; `gate` holds each flush until it is opened."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.poison: set[int] = set()
        self.away = 0

    async def __call__(self, items: list[int]) -> Sequence[int]:
        self.batches.append(items)
        self.begun.set()
        await self.gate.wait()
        if self.away:
            self.away -= 1
            raise Unavailable("away")
        if self.poison & set(items):
            raise ValueError(f"poison in {items}")
        return [item * 10 for item in items]


@pytest.fixture
async def flush() -> Flush:
    return Flush()


async def test_an_item_alone_is_flushed_alone(flush: Flush) -> None:
    batcher = Batcher("test", flush)
    assert await batcher.submit(1) == 10
    assert await batcher.submit(2) == 20
    assert flush.batches == [[1], [2]]


async def test_what_arrives_during_a_flush_goes_together(flush: Flush) -> None:
    batcher = Batcher("test", flush)
    flush.gate.clear()
    first = batcher.add(1)
    await flush.begun.wait()
    rest = [batcher.add(item) for item in (2, 3, 4)]
    flush.gate.set()
    assert await asyncio.gather(first, *rest) == [10, 20, 30, 40]
    assert flush.batches == [[1], [2, 3, 4]]


async def test_a_batch_is_no_larger_than_its_limit(flush: Flush) -> None:
    batcher = Batcher("test", flush, max_items=3)
    await asyncio.gather(*(batcher.submit(item) for item in range(7)))
    assert flush.batches == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize("poison", [{0}, {3}, {7}, {2, 5}, set(range(8))])
async def test_only_the_guilty_item_fails(flush: Flush, poison: set[int]) -> None:
    batcher = Batcher("test", flush)
    flush.poison = poison
    answers = await asyncio.gather(
        *(batcher.submit(item) for item in range(8)), return_exceptions=True
    )
    for item, answer in enumerate(answers):
        if item in poison:
            assert isinstance(answer, ValueError)
            assert str(answer) == f"poison in [{item}]"
        else:
            assert answer == item * 10


async def test_a_short_answer_harms_nobody_for_ever() -> None:
    async def forgets(items: list[int]) -> Sequence[int]:
        return items[1:] if len(items) > 1 or items == [3] else items

    batcher = Batcher("test", forgets)
    answers = await asyncio.gather(
        *(batcher.submit(item) for item in range(5)), return_exceptions=True
    )
    assert [answers[place] for place in (0, 1, 2, 4)] == [0, 1, 2, 4]
    assert isinstance(answers[3], RuntimeError)


async def test_a_server_that_is_away_is_waited_for(flush: Flush) -> None:
    batcher = Batcher("test", flush, patience_s=None)
    flush.away = 2
    assert await batcher.submit(1) == 10
    assert flush.batches == [[1]] * 3


async def test_without_patience_everybody_in_the_batch_hears_of_it(flush: Flush) -> None:
    batcher = Batcher("test", flush)
    flush.away = 1
    answers = await asyncio.gather(
        *(batcher.submit(item) for item in range(3)), return_exceptions=True
    )
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert flush.batches == [[0, 1, 2]]
    assert await batcher.submit(4) == 40


async def test_patience_ends(flush: Flush) -> None:
    batcher = Batcher("test", flush, patience_s=0.01)
    flush.away = 10**6
    with pytest.raises(Unavailable):
        await batcher.submit(1)


async def test_a_caller_that_goes_away_takes_nobody_along(flush: Flush) -> None:
    batcher = Batcher("test", flush)
    flush.gate.clear()
    impatient, patient = (asyncio.ensure_future(batcher.submit(item)) for item in (1, 2))
    await flush.begun.wait()
    impatient.cancel()
    await asyncio.wait({impatient})
    flush.gate.set()
    assert await patient == 20
    assert impatient.cancelled()


async def test_draining_waits_for_all_that_was_added(flush: Flush) -> None:
    batcher = Batcher("test", flush, max_items=2)
    flush.gate.clear()
    futures = [batcher.add(item) for item in range(5)]
    drained = asyncio.ensure_future(batcher.drain())
    await flush.begun.wait()
    assert not drained.done()
    flush.gate.set()
    await drained
    assert all(future.done() for future in futures)
    await batcher.drain()


async def test_an_error_that_nobody_awaits_is_not_printed(flush: Flush) -> None:
    batcher = Batcher("test", flush)
    flush.poison = {1}
    future = batcher.add(1)
    await batcher.drain()
    assert isinstance(future.exception(), ValueError)
