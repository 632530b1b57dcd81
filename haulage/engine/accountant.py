"""The accountant: has the tallies of the last seconds added up, and forgets old sums."""

import asyncio
from collections.abc import Awaitable, Callable

from haulage.domain.clock import Clock
from haulage.storage.stat_store import StatStore

BITE = 5_000
PAUSE_S = 0.05


class Accountant:
    """A chore of whoever leads the dispatchers. Two at once would be slow, not wrong."""

    name = "accountant"
    every_s = 5.0

    def __init__(self, store: StatStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def round(self, go_on: Callable[[], bool]) -> None:
        """Fold and prune until little is left, or `go_on` says no."""
        now = self._clock.now()
        await self._all(lambda: self._store.fold(limit=BITE), go_on)
        await self._all(lambda: self._store.prune(now=now, limit=BITE), go_on)

    async def _all(self, bite: Callable[[], Awaitable[int]], go_on: Callable[[], bool]) -> None:
        while go_on():
            if await bite() < BITE:
                return
            await asyncio.sleep(PAUSE_S)
