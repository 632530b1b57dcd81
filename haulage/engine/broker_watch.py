"""Whether the broker answers, for installations that would rather refuse a job than accept it now
and ring for it later (`HAULAGE_API_BROKER_DOWN=refuse`).

The broker is asked once a second, beside the submits and not in their way: one that is gone or
hangs costs none of them any time. So what comes in the first second or two of an outage is still
accepted; it is stored like any other job, and rung when the broker is back.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from haulage.domain.errors import BrokerAway
from haulage.telemetry import logs

log = logs.get(__name__)

EVERY_S = 1.0
PATIENCE_S = 1.0


class BrokerWatch:
    """Asks `answers`, whatever it raises or however long it takes."""

    def __init__(
        self,
        answers: Callable[[], Awaitable[bool]],
        *,
        every_s: float = EVERY_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._answers = answers
        self._every_s = every_s
        self._patience_s = patience_s
        self._is_there = True

    def require(self) -> None:
        """Raise `BrokerAway` unless the broker answered when it was last asked."""
        if not self._is_there:
            raise BrokerAway(
                "The broker does not answer, so nothing was accepted (HAULAGE_API_BROKER_DOWN is "
                "'refuse')."
            )

    async def look(self) -> None:
        """Ask now."""
        was_there, self._is_there = self._is_there, await self._asked()
        if was_there and not self._is_there:
            log.warning("broker.away")
        elif self._is_there and not was_there:
            log.info("broker.back")

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Ask again and again during the block."""
        task = asyncio.get_running_loop().create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def _asked(self) -> bool:
        # In a task of its own: redis-py swallows a cancel that meets it while it connects, and
        # neither the patience nor the end of the watch may hang on that.
        asking = asyncio.ensure_future(self._answers())
        try:
            await asyncio.wait({asking}, timeout=self._patience_s)
        finally:
            if not asking.done():
                asking.cancel()
                asking.add_done_callback(_look_away)
        if not asking.done() or asking.cancelled() or asking.exception() is not None:
            # Client libraries raise whatever they like; it does not answer.
            return False
        return asking.result()


def _look_away(asking: asyncio.Future[bool]) -> None:
    """What comes of a question that was given up is nobody's concern."""
    if not asking.cancelled():
        asking.exception()
