"""How a pool stands, for people: what is used of each limit, who waits, what is held back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from haulage.limits.limit import Limit, Pool


@dataclass(frozen=True, slots=True)
class LimitView:
    """A limit's usage; `whose` is the model, tenant, user or key it counts for. Where nobody has
    called yet, nothing is used."""

    limit: Limit
    whose: str
    current: int
    most: int
    reset_at: datetime

    @property
    def remaining(self) -> int:
        """What can still be taken now."""
        return max(0, self.most - self.current)


@dataclass(frozen=True, slots=True)
class PoolView:
    """`part` of the limits is in force after a refusal, and nothing goes before `frozen_s`."""

    limits: list[LimitView]
    waiting: int
    frozen_s: float
    part: float


def read_view(pool: Pool, said: Any, now: datetime) -> PoolView:
    """What `look` in brakes.lua answers."""
    _, found, waiting, frozen_ms, part = said
    views = read_limits(pool.limits, found, now)
    return PoolView(views, waiting, timedelta(milliseconds=frozen_ms).total_seconds(), part)


def read_limits(those: Iterable[Limit], found: Any, now: datetime) -> list[LimitView]:
    """Of each of `those` limits what is used of it, by whom."""
    limits = {limit.code: limit for limit in those}
    views = []
    used = set()
    for ref, current, most, reset_ms in found:
        code, _, whose = ref.partition(":")
        if code in limits:
            used.add(code)
            reset_at = datetime.fromtimestamp(reset_ms / 1000, now.tzinfo)
            views.append(LimitView(limits[code], unquote(whose), round(current), most, reset_at))
    for code, limit in limits.items():
        if code not in used:
            views.append(LimitView(limit, limit.of or "", 0, limit.amount, now))
    views.sort(key=lambda one: (one.limit.code, one.whose))
    return views
