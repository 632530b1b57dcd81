"""Batch while busy: what arrives during a write goes together in the next one.

Alone, an item waits for nothing. Under load one statement serves hundreds. A fault in one item
never harms the others of its batch: the batch is split until the guilty one stands alone.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from haulage.domain.errors import Unavailable
from haulage.telemetry import tracing
from haulage.telemetry.metrics import BATCH_SIZE

T = TypeVar("T")
R = TypeVar("R")
# What is to be written, who waits for it, and in which span.
_Item: TypeAlias = tuple[T, asyncio.Future[R], str | None]


class Batcher(Generic[T, R]):
    """Gathers items for `flush`, which takes a list and answers with one value for each.

    `patience_s` is how long a batch is tried again while PostgreSQL is away (None: for ever), with
    growing pauses; after that `Unavailable` reaches everybody who waits.
    """

    def __init__(
        self,
        name: str,
        flush: Callable[[list[T]], Awaitable[Sequence[R]]],
        *,
        max_items: int = 500,
        patience_s: float | None = 0.0,
    ) -> None:
        self._name = name
        self._flush = flush
        self._max_items = max_items
        self._patience_s = patience_s
        self._waiting: deque[_Item[T, R]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._size = BATCH_SIZE.labels(batcher=name)

    async def submit(self, item: T) -> R:
        """The flush's answer for `item`; raises what the flush raised for it."""
        return await self.add(item)

    def add(self, item: T) -> asyncio.Future[R]:
        """Like `submit`, without waiting."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future, tracing.current()))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work(), name="batch")
        return future

    async def drain(self) -> None:
        """Wait until nothing is waiting or under way."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def _work(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), self._max_items)
                self._size.observe(size)
                await self._send([self._waiting.popleft() for _ in range(size)])
        finally:
            self._task = None

    async def _send(self, batch: list[_Item[T, R]]) -> None:
        try:
            items = [item for item, _, _ in batch]
            with tracing.batch(self._name, (parent for _, _, parent in batch)):
                answers = await patiently(lambda: self._flush(items), patience_s=self._patience_s)
            if len(answers) != len(batch):
                raise RuntimeError(f"{len(answers)} answers to {len(batch)} items")
        except Unavailable as error:
            _fail(batch, error)
        except Exception as error:
            if len(batch) == 1:
                _fail(batch, error)
                return
            middle = len(batch) // 2
            await self._send(batch[:middle])
            await self._send(batch[middle:])
        else:
            for (_, future, _), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)


async def patiently(work: Callable[[], Awaitable[R]], *, patience_s: float | None = None) -> R:
    """`work`, again and again while PostgreSQL is away, with growing pauses; None: for ever.

    `work` must be harmless to repeat: it may have landed when it raised `Unavailable`.
    """
    loop = asyncio.get_running_loop()
    started, pause_s = loop.time(), 0.05
    while True:
        try:
            return await work()
        except Unavailable:
            spent_s = loop.time() - started
            if patience_s is not None and spent_s + pause_s > patience_s:
                raise
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, 1.0)


def _fail(batch: Sequence[_Item[Any, R]], error: Exception) -> None:
    for _, future, _ in batch:
        if not future.done():
            future.set_exception(error)
            # Callers of `add` may never look; an error nobody awaits is not one to print at exit.
            future.exception()
