"""How many more doorbells a queue takes before the dispatcher decides who is next.

Under congestion a message in Redis is a promise of order that nobody can take back. So only so many
jobs of a queue are rung and unclaimed at a time; the rest wait in the table, where the dispatcher
picks fairly and by priority. Where workers are quick that is what they end in a few seconds: to
write once more for each of thousands who is next costs more than it gives.
"""

import time
from collections.abc import Awaitable, Callable

from haulage.domain.errors import Unavailable
from haulage.storage.dispatch_store import Ringing

LOOK_EVERY_S = 0.25
# A window holds what its queue's workers end in so long, if that is more than its size by setting,
HOLD_S = 3.0
# and never more than so many times that.
MOST_TIMES = 10


def size_of(least: int, ringing: Ringing) -> int:
    """The size of a queue's window: `least`, or more where its workers are quick."""
    return max(least, min(round(ringing.ended_per_s * HOLD_S), least * MOST_TIMES))


class Window:
    """An estimate for one submitting process: the count in the table when it last looked, plus what
    it has rung since. It looks once the estimate is half the `least` size, at most four times a
    second. Several processes may overshoot; that costs order, never a job.
    """

    def __init__(
        self,
        least: int,
        rung_waiting: Callable[[], Awaitable[dict[str, Ringing]]],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._least = least
        self._rung_waiting = rung_waiting
        self._monotonic = monotonic
        self._taken: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._look_at = 0.0

    async def take(self, queue: str) -> bool:
        """Take one place; False when the window is full."""
        if self._taken.get(queue, 0) * 2 >= self._least and self._monotonic() >= self._look_at:
            await self._look()
        taken = self._taken.get(queue, 0)
        if taken >= self._sizes.get(queue, self._least):
            return False
        self._taken[queue] = taken + 1
        return True

    async def _look(self) -> None:
        self._look_at = self._monotonic() + LOOK_EVERY_S
        try:
            found = await self._rung_waiting()
        except Unavailable:
            # The insert that follows will say so.
            return
        self._taken = {queue: ringing.waiting for queue, ringing in found.items()}
        self._sizes = {queue: size_of(self._least, ringing) for queue, ringing in found.items()}
