"""A pool in one process alone, while Redis is away: each limit at the pool's local share.

With a share of 1/N in N processes their sum keeps to the limits. It remembers nothing of what Redis
counted before, so a window's first minute without Redis may add one share to what was used.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from haulage.domain.limits import Asker, Estimate
from haulage.limits.errors import NeverFits
from haulage.limits.limit import Limit, Measure, Pool, ref_of

LOOK_AGAIN_S = 0.05


@dataclass
class _Count:
    """What one limit has let through for one of its scope: moments and amounts, and the places."""

    passed: deque[tuple[float, int]] = field(default_factory=deque)
    total: int = 0
    held: int = 0


class LocalPool:
    """Calls are let through in the order they came."""

    def __init__(self, pool: Callable[[], Pool]) -> None:
        self._pool = pool
        self._clock = asyncio.get_running_loop().time
        self._line = asyncio.Lock()
        self._counts: dict[str, _Count] = {}

    async def enter(self, asker: Asker, estimate: Estimate) -> None:
        """Wait until every limit has room, then count. Raises `NeverFits`."""
        async with self._line:
            # Room comes with time; nothing could set an event.
            while (wait_s := self._wait_s(asker, estimate)) > 0:  # noqa: ASYNC110
                await asyncio.sleep(wait_s)
            for limit in self._pool().limits_for(asker):
                count = self._count(limit, asker)
                amount = _amount(limit, estimate)
                if limit.measure is Measure.CONCURRENCY:
                    count.held += 1
                else:
                    count.passed.append((self._clock(), amount))
                    count.total += amount

    def leave(self, asker: Asker) -> None:
        """The call has ended."""
        for limit in self._pool().limits_for(asker):
            if limit.measure is Measure.CONCURRENCY:
                count = self._count(limit, asker)
                count.held = max(0, count.held - 1)

    def _wait_s(self, asker: Asker, estimate: Estimate) -> float:
        pool, now, wait_s = self._pool(), self._clock(), 0.0
        for limit in pool.limits_for(asker):
            count, amount = self._count(limit, asker), _amount(limit, estimate)
            if amount > limit.amount:
                raise NeverFits(pool.name, limit.name)
            # The largest single call still gets through, alone.
            share = max(int(limit.amount * pool.local_share), amount)
            if limit.period is None:
                wait_s = max(wait_s, LOOK_AGAIN_S if count.held >= share else 0.0)
                continue
            period_s = limit.period.seconds + pool.slack_s
            while count.passed and count.passed[0][0] <= now - period_s:
                count.total -= count.passed.popleft()[1]
            left = count.total
            for at, passed in count.passed:
                if left + amount <= share:
                    break
                left -= passed
                wait_s = max(wait_s, at + period_s - now)
        return wait_s

    def _count(self, limit: Limit, asker: Asker) -> _Count:
        return self._counts.setdefault(ref_of(limit, asker), _Count())


def _amount(limit: Limit, estimate: Estimate) -> int:
    if limit.measure is Measure.TOKENS:
        return estimate.tokens
    return estimate.requests if limit.measure is Measure.REQUESTS else 1
