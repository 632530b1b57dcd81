"""Limits as limiter.lua reads them: numbers in milliseconds, windows cut in grains."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from haulage.limits.limit import Limit, Measure, Period, Pool, Scope, Strategy

HORIZON_MS = 200
# A waiting call that nobody asks about again is forgotten after this.
PATIENCE_MS = 3_600_000
# A pool that was braked recovers this part of its limits each second.
RECOVERY_PER_S = 0.05
GRAINS = 120
QUARTER_MS = 15 * 60_000


def encode(pool: Pool, now: datetime) -> str:
    """Everything a call of the script must know of `pool`; good until the next calendar boundary
    but one after `now`."""
    return json.dumps(
        {
            "rules": {limit.code: rule_of(limit, pool, now) for limit in pool.limits},
            "weights": {"": 1, **pool.weights},
            "horizon": HORIZON_MS,
            "patience": PATIENCE_MS,
            "recovery": RECOVERY_PER_S,
        },
        separators=(",", ":"),
    )


def rule_of(limit: Limit, pool: Pool, now: datetime) -> dict[str, Any]:
    """One limit; see counters.lua for its kinds."""
    rule: dict[str, Any] = {
        "measure": limit.measure.value,
        "n": limit.amount,
        "wide": limit.scope in (Scope.POOL, Scope.MODEL),
        "whole": limit.scope is Scope.POOL,
    }
    if limit.measure is Measure.CONCURRENCY:
        return {**rule, "kind": "concurrency"}
    assert limit.period is not None
    per_ms = limit.period.seconds * 1000
    rule |= {"per": per_ms, "slack": round(pool.slack_s * 1000)}
    match limit.strategy:
        case Strategy.BUCKET:
            return {**rule, "kind": "bucket", "burst": most(limit, pool.slack_s)}
        case Strategy.ROLLING:
            return {
                **rule,
                "kind": "rolling",
                "grain": grain_ms(limit.period),
                "persistent": limit.period.outlives_redis,
            }
        case Strategy.FIXED:
            starts = [_ms(start) for start in _starts(limit, now)]
            persistent = limit.period.outlives_redis
            return {**rule, "kind": "calendar", "starts": starts, "persistent": persistent}


def grain_ms(period: Period) -> int:
    """How finely a rolling window is cut: in 84 to 120 pieces, whole quarters of an hour from a day
    on, because that is how PostgreSQL keeps the usage."""
    exact = period.seconds * 1000 / GRAINS
    if not period.outlives_redis:
        return max(1, int(exact))
    return ceil(exact / QUARTER_MS) * QUARTER_MS


def most(limit: Limit, slack_s: float) -> int:
    """What `limit` gives out at once. Safety comes out of a bucket's burst, never out of its rate:
    what was let through over `slack_s` may arrive at one moment."""
    if limit.period is None or limit.strategy is not Strategy.BUCKET:
        return limit.amount
    burst = limit.burst if limit.burst is not None else limit.amount
    late = ceil(limit.amount / limit.period.seconds * slack_s)
    return max(1, burst - late)


def _starts(limit: Limit, now: datetime) -> Iterator[datetime]:
    """The window before that of `now`, its own, and the next two."""
    assert limit.period is not None
    zone = ZoneInfo(limit.timezone)
    own = _start_of(limit.period, now.astimezone(zone))
    before = _start_of(limit.period, (own.astimezone(UTC) - timedelta(seconds=1)).astimezone(zone))
    yield before
    yield own
    for _ in range(2):
        own = _next(limit.period, own)
        yield own


def _start_of(period: Period, local: datetime) -> datetime:
    match period:
        case Period.SECOND:
            return local.replace(microsecond=0)
        case Period.MINUTE:
            return local.replace(second=0, microsecond=0)
        case Period.HOUR:
            return local.replace(minute=0, second=0, microsecond=0)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period is Period.MONTH else day


def _next(period: Period, start: datetime) -> datetime:
    if period in (Period.SECOND, Period.MINUTE, Period.HOUR):
        later = start.astimezone(UTC) + timedelta(seconds=period.seconds)
        return later.astimezone(start.tzinfo)
    # Wall-clock arithmetic: a day of 23 or 25 hours is one day.
    if period is Period.MONTH:
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=1 if period is Period.DAY else 7)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
