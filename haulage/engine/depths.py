"""Depths of queues for all who ask this process for them: every open console does, all the time.

To count is to read each job that waits. Up to `MANY` are counted for everybody who asks; more are
counted once in `KEPT` and then told to all, so that what it costs does not grow with who looks.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from haulage.domain.clock import Clock
from haulage.storage.queue_reads import QueueDepth, QueueReads

MANY = 10_000
KEPT = timedelta(seconds=2)


class Depths:
    """Belongs to one event loop."""

    def __init__(self, reads: QueueReads, clock: Clock, *, many: int = MANY) -> None:
        self._reads = reads
        self._clock = clock
        self._many = many
        self._counting = asyncio.Lock()
        self._kept: tuple[datetime, Mapping[str, QueueDepth]] | None = None

    async def now(self) -> Mapping[str, QueueDepth]:
        """Each queue that has jobs which are not over; of many jobs, as it was up to `KEPT` ago."""
        if (known := self._known()) is not None:
            return known
        if self._kept is None:
            return await self._count()
        # The count of many has run out: one counts, and the others wait for that.
        async with self._counting:
            known = self._known()
            return await self._count() if known is None else known

    def _known(self) -> Mapping[str, QueueDepth] | None:
        if self._kept is None:
            return None
        at, depths = self._kept
        # A clock that was set back must not keep it for long.
        return depths if abs(self._clock.now() - at) < KEPT else None

    async def _count(self) -> Mapping[str, QueueDepth]:
        depths = await self._reads.depths()
        waiting = sum(one.fresh + one.retries for one in depths.values())
        self._kept = (self._clock.now(), depths) if waiting > self._many else None
        return depths
