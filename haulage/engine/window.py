"""How many more doorbells a queue takes before the dispatcher decides who is next.

Under congestion a message in Redis is a promise of order that nobody can take back. So only so many
jobs of a queue are rung and unclaimed at a time; the rest wait in the table, where the dispatcher
picks fairly and by priority.
"""

import time
from collections.abc import Awaitable, Callable

from haulage.domain.errors import Unavailable

LOOK_EVERY_S = 0.25


class Window:
    """An estimate for one submitting process: the count in the table when it last looked, plus what
    it has rung since. It looks once the estimate is half the size, at most four times a second.
    Several processes may overshoot; that costs order, never a job.
    """

    def __init__(
        self,
        size: int,
        rung_waiting: Callable[[], Awaitable[dict[str, int]]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size = size
        self._rung_waiting = rung_waiting
        self._monotonic = monotonic
        self._taken: dict[str, int] = {}
        self._look_at = 0.0

    async def take(self, queue: str) -> bool:
        """Take one place; False when the window is full."""
        if self._taken.get(queue, 0) * 2 >= self._size and self._monotonic() >= self._look_at:
            await self._look()
        taken = self._taken.get(queue, 0)
        if taken >= self._size:
            return False
        self._taken[queue] = taken + 1
        return True

    async def _look(self) -> None:
        self._look_at = self._monotonic() + LOOK_EVERY_S
        try:
            self._taken = await self._rung_waiting()
        except Unavailable:
            # The insert that follows will say so.
            return
