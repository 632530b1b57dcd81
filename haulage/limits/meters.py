"""How the limits stand, on each process's scrape target (row B9).

Only what a pool counts as a whole: its limits of models, tenants, users and keys are as many as
there are of those.
"""

import asyncio
from collections.abc import Callable, Iterable

from haulage.limits.errors import RedisAway
from haulage.limits.limit import Scope
from haulage.limits.limiter import Limiter
from haulage.telemetry.metrics import RATE_MAX, RATE_REMAINING, RATE_USAGE

EVERY_S = 5.0


async def keep(limiter: Limiter, pools: Callable[[], Iterable[str]]) -> None:
    """Look at them from time to time, for ever; while Redis is away they stay as they were."""
    shown: set[tuple[str, str, str]] = set()
    while True:
        try:
            now = {labels for name in pools() for labels in await show(limiter, name)}
        except RedisAway:
            now = shown
        for labels in shown - now:
            for gauge in (RATE_USAGE, RATE_MAX, RATE_REMAINING):
                gauge.remove(*labels)
        shown = now
        await asyncio.sleep(EVERY_S)


async def show(limiter: Limiter, pool: str) -> list[tuple[str, str, str]]:
    """Set one pool's gauges; their labels. Raises `RedisAway`."""
    shown = []
    for view in await limiter.standing(pool):
        limit = view.limit
        if limit.scope is Scope.POOL and limit.period is not None:
            labels = (pool, limit.measure.value, limit.period.value)
            RATE_USAGE.labels(*labels).set(view.current)
            RATE_MAX.labels(*labels).set(view.most)
            RATE_REMAINING.labels(*labels).set(view.remaining)
            shown.append(labels)
    return shown
