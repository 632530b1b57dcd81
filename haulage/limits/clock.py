"""Redis' clock on this event loop's: moments are booked on the one and waited for on the other.

Promises: as exact as the quickest answer was quick. An answer that was heard late, because the loop
was busy, makes it no worse.
"""

import asyncio
from contextlib import suppress

import redis.asyncio as redis
from redis.exceptions import RedisError

# Redis' clock is told in milliseconds, rounded down.
STEP_S = 0.001
READINGS = 3


class RedisClock:
    """Of one event loop and one Redis."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # What to add to Redis' clock to get this loop's.
        self._ahead_s: float | None = None
        self._told_us = 0

    async def read(self, client: "redis.Redis") -> None:
        """Ask Redis what time it is, so that it is known before the first call; unless Redis is
        away."""
        with suppress(RedisError, OSError):
            for _ in range(READINGS):
                sent_at = self._loop.time()
                seconds, microseconds = await client.time()
                heard_at = self._loop.time()
                now_ms = 1000 * int(seconds) + int(microseconds) // 1000
                self.compare(now_ms, sent_at=sent_at, heard_at=heard_at)

    def compare(self, now_ms: float, *, sent_at: float, heard_at: float) -> None:
        """Redis read its clock between these two moments of ours. What all readings allow is kept.
        A clock that was set or drifts leaves that, and is followed as far as it must be."""
        theirs_s = now_ms / 1000
        least, most = sent_at - theirs_s - STEP_S, heard_at - theirs_s
        ahead_s = most if self._ahead_s is None else self._ahead_s
        self._ahead_s = min(max(ahead_s, least), most)

    def local_moment(self, at_ms: float) -> float:
        """A moment of Redis' clock on this loop's."""
        assert self._ahead_s is not None
        return at_ms / 1000 + self._ahead_s

    def now_us(self) -> int | None:
        """This moment on Redis' clock, in microseconds; None before Redis was heard. Who asks
        later is told more, whatever was learned of that clock meanwhile."""
        if self._ahead_s is None:
            return None
        now_us = round((self._loop.time() - self._ahead_s) * 1_000_000)
        self._told_us = max(self._told_us + 1, now_us)
        return self._told_us
