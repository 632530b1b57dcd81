"""What of the limits' usage outlives Redis: sums by quarter of an hour, written in batches.

Promise: a settled call is in PostgreSQL within about `FLUSH_S` seconds, once; what a process had
not written when it was killed is lost. A counter that Redis does not have is made again from here.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from haulage.domain.errors import Unavailable
from haulage.domain.limits import Asker, QuarterUse, Spent
from haulage.limits.limit import Limit, Measure, Pool, ref_of
from haulage.limits.ports import UsageStore
from haulage.telemetry import logs

log = logs.get(__name__)

FLUSH_S = 1.0
QUARTER = timedelta(minutes=15)
# The longest window there is, and the calendar's longest month.
OLDEST = timedelta(days=32)


class Ledger:
    """Of one event loop."""

    def __init__(self, store: UsageStore, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._sums: dict[tuple[str, str, datetime], list[int]] = defaultdict(lambda: [0, 0])
        self._writing = asyncio.Lock()
        # A batch keeps its id until it is known to be written.
        self._batch: tuple[UUID, list[QuarterUse]] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, pool: Pool, asker: Asker, spent: Spent) -> None:
        """Have it written soon."""
        quarter = quarter_of(self._now())
        for whose in {whose_of(limit, asker) for limit in pool.limits_for(asker) if _lasts(limit)}:
            sums = self._sums[pool.name, whose, quarter]
            sums[0] += spent.requests
            sums[1] += spent.tokens
        if self._sums and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._flush_soon)

    async def flush(self) -> None:
        """Write what has gathered. Raises `Unavailable`; nothing is lost then."""
        async with self._writing:
            while self._batch is not None or self._sums:
                if self._batch is None:
                    uses = [
                        QuarterUse(pool, whose, quarter, *sums)
                        for (pool, whose, quarter), sums in self._sums.items()
                    ]
                    self._sums.clear()
                    self._batch = (uuid4(), uses)
                await self._store.add(*self._batch)
                self._batch = None

    async def amounts(self, pool: Pool, ref: str) -> list[tuple[int, int]]:
        """What the counter `ref` should hold: moments in milliseconds, and amounts. Raises
        `Unavailable`."""
        code, _, value = ref.partition(":")
        limit = next((one for one in pool.limits if one.code == code), None)
        if limit is None:
            return []
        await self.flush()
        since = quarter_of(self._now() - OLDEST)
        uses = await self._store.since(pool.name, f"{limit.scope.value}:{value}", since)
        found = [
            (
                round(use.quarter.timestamp() * 1000),
                use.tokens if limit.measure is Measure.TOKENS else use.requests,
            )
            for use in uses
        ]
        return [(at, amount) for at, amount in found if amount]

    async def close(self) -> None:
        """Write what has gathered, if PostgreSQL is there."""
        if self._timer is not None:
            self._timer.cancel()
        with suppress(Unavailable):
            await self.flush()

    def _flush_soon(self) -> None:
        self._timer = None
        task = asyncio.get_running_loop().create_task(self._flush_or_later())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flush_or_later(self) -> None:
        try:
            await self.flush()
        except Unavailable:
            log.warning("limits.usage_unwritten", counters=len(self._sums))
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._flush_soon)


def whose_of(limit: Limit, asker: Asker) -> str:
    """Under which name the usage is kept: the same for all limits of a scope."""
    return f"{limit.scope.value}:{ref_of(limit, asker).partition(':')[2]}"


def quarter_of(moment: datetime) -> datetime:
    """When its quarter of an hour began."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(QUARTER.total_seconds()), UTC)


def _lasts(limit: Limit) -> bool:
    return limit.period is not None and limit.period.outlives_redis
