"""How many jobs may wait in a queue before intake says 'come back later'.

A promise to run a job is worth little when a hundred thousand wait before it. The count is an
estimate of this process: what the table said when it last looked plus what was accepted since. It
looks again when the last look is a second old (two or so where a hundred thousand wait), beside the
submits and not in their way; so several processes together may pass the cap by what they accept in
that time, and a full queue takes jobs again as long after it has room.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from haulage.domain.errors import QueueFull, Unavailable

LOOK_EVERY_S = 1.0
# A look at a deep queue takes longer; it may take this part of the time.
LOOK_SHARE = 0.05
RETRY_AFTER_S = 5.0


class Count(Protocol):
    """How many jobs wait in a queue, children left out, counted no further than `up_to`."""

    async def __call__(self, queue: str, *, up_to: int) -> int: ...


class Depth:
    """The cap of `most` waiting jobs for each queue."""

    def __init__(
        self, most: int, count: Count, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._count = count
        self._monotonic = monotonic
        self._waiting: Counter[str] = Counter()
        self._accepted: Counter[str] = Counter()
        self._look_at: dict[str, float] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}

    async def take(self, queues: Iterable[str]) -> None:
        """Take a place for each job, named by its queue: all or none; raises `QueueFull`."""
        wanted: dict[str, int] = {}
        for queue in queues:
            wanted[queue] = wanted.get(queue, 0) + 1
        for queue, count in wanted.items():
            await self._refresh(queue, count)
        for queue, count in wanted.items():
            if self._waiting[queue] + count > self._most:
                raise QueueFull(
                    f"Queue {queue!r} holds {self._waiting[queue]} waiting jobs; with {count} more "
                    f"it would pass its cap of {self._most}. Nothing was accepted.",
                    retry_after_s=RETRY_AFTER_S,
                )
        for queue, count in wanted.items():
            self._waiting[queue] += count
            self._accepted[queue] += count

    async def _refresh(self, queue: str, count: int) -> None:
        first = queue not in self._look_at
        if queue not in self._looking and self._monotonic() >= self._look_at.get(queue, 0.0):
            # So that submits which come during the look do not begin another one.
            self._look_at[queue] = self._monotonic() + LOOK_EVERY_S
            self._looking[queue] = asyncio.ensure_future(self._look(queue))
        look = self._looking.get(queue)
        # Only what the old count would refuse, or nothing is known of, waits for the new one.
        if look is not None and (first or self._waiting[queue] + count > self._most):
            await asyncio.wait({look})

    async def _look(self, queue: str) -> None:
        began = self._monotonic()
        before = self._accepted[queue]
        try:
            found = await self._count(queue, up_to=self._most + 1)
        except Unavailable:
            # The insert that follows will say so.
            return
        finally:
            took_s = self._monotonic() - began
            self._look_at[queue] = began + max(LOOK_EVERY_S, took_s / LOOK_SHARE)
            del self._looking[queue]
        # What was accepted meanwhile may or may not be in it.
        self._waiting[queue] = found + self._accepted[queue] - before
