"""Texts of many jobs in one call: what arrives during a call goes together in the next one.

Alone, a text waits for nothing. A call that the provider refuses is cut in halves until the guilty
text stands alone, so that one job's bad text harms no other job.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from haulage.domain.provider_errors import ProviderRefused
from haulage.providers.adapter import Batch

R = TypeVar("R")

LANES = 4


@dataclass(slots=True)
class _Waiting(Generic[R]):
    text: str
    size_bytes: int
    future: "asyncio.Future[R]"
    sent: bool = False


class Gathering(Generic[R]):
    """Sends texts in lists that `batch` allows, at most `lanes` calls at a time."""

    def __init__(
        self,
        send: Callable[[Sequence[str]], Awaitable[Sequence[R]]],
        batch: Batch,
        *,
        lanes: int = LANES,
    ) -> None:
        self._send = send
        self._batch = batch
        self._lanes = lanes
        self._waiting: deque[_Waiting[R]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether nothing is waiting or under way."""
        return not self._tasks and not self._waiting

    async def submit(self, texts: Sequence[str], heard: Callable[[R], None]) -> list[R]:
        """The answer for each text, in order; raises what the call for one of them raised.

        After an error what has not been sent is withdrawn, and what has been is waited for:
        `heard` is told every answer that came, they are paid. Who is cancelled hears no more.
        """
        loop = asyncio.get_running_loop()
        mine = [_Waiting(text, len(text.encode()), loop.create_future()) for text in texts]
        futures = [one.future for one in mine]
        self._waiting.extend(mine)
        self._start()
        try:
            await asyncio.wait(futures, return_when=asyncio.FIRST_EXCEPTION)
            for one in mine:
                if not one.sent:
                    one.future.cancel()
            await asyncio.wait(futures)
        finally:
            for future in futures:
                future.cancel()
        for future in futures:
            if not future.cancelled() and future.exception() is None:
                heard(future.result())
        if failed := next(
            (one for one in futures if not one.cancelled() and one.exception()), None
        ):
            failed.result()
        return [future.result() for future in futures]

    async def close(self) -> None:
        """End the calls under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self) -> None:
        # One lane more only for what the lanes that run will not take in their next call.
        while self._waiting and len(self._tasks) < self._lanes:
            if self._tasks and len(self._waiting) < self._batch.texts:
                return
            task = asyncio.get_running_loop().create_task(self._work(self._next()))
            self._tasks.add(task)
            task.add_done_callback(self._over)

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._start()

    def _next(self) -> list[_Waiting[R]]:
        taken: list[_Waiting[R]] = []
        room = self._batch.size_bytes
        while self._waiting and len(taken) < self._batch.texts:
            first = self._waiting[0]
            if taken and first.size_bytes > room:
                break
            self._waiting.popleft()
            if not first.future.done():
                first.sent = True
                taken.append(first)
                room -= first.size_bytes
        return taken

    async def _work(self, sent: list[_Waiting[R]]) -> None:
        if not sent:
            return
        try:
            answers = await self._send([one.text for one in sent])
            for one, answer in zip(sent, answers, strict=True):
                if not one.future.done():
                    one.future.set_result(answer)
        except ProviderRefused as error:
            if len(sent) == 1:
                _fail(sent, error)
                return
            middle = len(sent) // 2
            await self._work(sent[:middle])
            await self._work(sent[middle:])
        except Exception as error:
            _fail(sent, error)
        except asyncio.CancelledError:
            for one in sent:
                one.future.cancel()
            raise


def _fail(sent: Sequence[_Waiting[R]], error: Exception) -> None:
    for one in sent:
        if not one.future.done():
            one.future.set_exception(error)
            # The others of its job raise it; an error nobody awaits is not one to print.
            one.future.exception()
