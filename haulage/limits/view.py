"""How a pool stands, for people: what is used of each limit, who waits, what is held back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from haulage.limits import rules
from haulage.limits.limit import Limit, Pool


@dataclass(frozen=True, slots=True)
class LimitView:
    """A limit's usage; `whose` is the model, tenant, user or key it counts for. Where nobody has
    called yet, nothing is used. `next_at`: when one more fits; None where only the end of a call
    can tell."""

    limit: Limit
    whose: str
    current: int
    most: int
    reset_at: datetime
    next_at: datetime | None

    @property
    def remaining(self) -> int:
        """What can still be taken now."""
        return max(0, self.most - self.current)


@dataclass(frozen=True, slots=True)
class LineView:
    """One tenant's calls of one model: `waiting` in their process, or `parked` with their jobs."""

    tenant: str
    model: str
    waiting: int
    parked: int


@dataclass(frozen=True, slots=True)
class PoolView:
    """`part` of the limits is in force after a refusal, and nothing goes before `frozen_s`. The
    longest line first."""

    limits: list[LimitView]
    lines: list[LineView]
    frozen_s: float
    part: float


def read_view(pool: Pool, said: Any, now: datetime) -> PoolView:
    """What `look` in brakes.lua answers."""
    _, found, lines, frozen_ms, part = said
    views = read_limits(pool, pool.limits, found, now)
    stands = [
        LineView(unquote(tenant), unquote(model), waiting, parked)
        for tenant, model, waiting, parked in lines
    ]
    stands.sort(key=lambda one: (-one.waiting - one.parked, one.tenant, one.model))
    return PoolView(views, stands, timedelta(milliseconds=frozen_ms).total_seconds(), part)


def read_limits(pool: Pool, those: Iterable[Limit], found: Any, now: datetime) -> list[LimitView]:
    """Of each of `those` limits of `pool` what is used of it, by whom."""
    limits = {limit.code: limit for limit in those}
    views = []
    used = set()
    for ref, current, most, reset_ms, next_ms in found:
        code, _, whose = ref.partition(":")
        if code in limits:
            used.add(code)
            reset_at = datetime.fromtimestamp(reset_ms / 1000, now.tzinfo)
            next_at = datetime.fromtimestamp(next_ms / 1000, now.tzinfo) if next_ms >= 0 else None
            limit, whose = limits[code], unquote(whose)
            views.append(LimitView(limit, whose, round(current), most, reset_at, next_at))
    for code, limit in limits.items():
        if code not in used:
            views.append(
                LimitView(limit, limit.of or "", 0, rules.most(limit, pool.slack_s), now, now)
            )
    views.sort(key=lambda one: (one.limit.code, one.whose))
    return views
