"""Limits and pools: what somebody configured, as values.

A pool is what a provider counts together, one account as a rule. Its limits count requests or
tokens in a period, or calls that are under way, for the whole pool or apart for each model, tenant,
user or key; one for a certain tenant takes the place of the one for every tenant.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote

from haulage.domain.limits import Asker


class Measure(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    CONCURRENCY = "concurrency"


class Period(StrEnum):
    """Over which time; none for concurrency."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def seconds(self) -> int:
        """Its length; a month has 30 days unless the calendar says when it begins."""
        return _SECONDS[self]

    @property
    def outlives_redis(self) -> bool:
        """Whether its usage is also kept in PostgreSQL."""
        return self in (Period.DAY, Period.WEEK, Period.MONTH)


_SECONDS = {
    Period.SECOND: 1,
    Period.MINUTE: 60,
    Period.HOUR: 3600,
    Period.DAY: 86_400,
    Period.WEEK: 7 * 86_400,
    Period.MONTH: 30 * 86_400,
}


class Strategy(StrEnum):
    """How a period is understood.

    `rolling`: no window of that length, wherever it begins, holds more. `fixed`: it begins with the
    calendar's in a time zone. `bucket`: tokens come back steadily, `burst` may go at once.
    """

    ROLLING = "rolling"
    FIXED = "fixed"
    BUCKET = "bucket"


class Scope(StrEnum):
    """For whom it counts apart."""

    POOL = "pool"
    MODEL = "model"
    TENANT = "tenant"
    USER = "user"
    KEY = "key"

    def whose(self, asker: Asker) -> str:
        """The one of `asker` that it counts for; empty when there is none."""
        return "" if self is Scope.POOL else str(getattr(asker, self.value))


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `amount` of `measure` in `period`. `of` narrows it to one model, tenant, user or key.
    `burst` is what a bucket holds; a period's amount when it is not said."""

    measure: Measure
    amount: int
    period: Period | None = None
    strategy: Strategy = Strategy.ROLLING
    scope: Scope = Scope.POOL
    of: str | None = None
    burst: int | None = None
    timezone: str = "UTC"

    @property
    def name(self) -> str:
        """In words: `tokens per minute of model gpt-4o`."""
        counted = self.measure.value + (f" per {self.period.value}" if self.period else "")
        if self.scope is Scope.POOL:
            return counted
        whose = f"{self.scope.value} {self.of}" if self.of else f"each {self.scope.value}"
        return f"{counted} of {whose}"

    @property
    def code(self) -> str:
        """Its name in Redis: another window or strategy is another counter."""
        parts = [self.measure.value, self.period or "", self.strategy.value, self.scope.value]
        if self.strategy is Strategy.FIXED:
            parts.append(self.timezone)
        if self.of is not None:
            parts.append(self.of)
        return quote(".".join(parts), safe=".")

    def concerns(self, asker: Asker) -> bool:
        """Whether it counts for `asker`, unless one of its own takes its place."""
        whose = self.scope.whose(asker)
        return self.scope is Scope.POOL or (bool(whose) and self.of in (None, whose))

    @property
    def place(self) -> tuple[Measure, Period | None, Scope]:
        """A limit for one of its scope takes the place of the general one."""
        return self.measure, self.period, self.scope


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool's limits and manners.

    `slack_s` is how late a call may reach the provider after it was let through: a bucket's burst
    is smaller, and a rolling window longer, by what can pile up in that time. `local_share`: what
    part of the limits a process allows itself while Redis is away; 0 refuses.
    """

    name: str
    limits: tuple[Limit, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    slack_s: float = 0.1
    local_share: float = 0.0

    @property
    def has_places(self) -> bool:
        """Whether the end of one call lets another one through."""
        return any(one.measure is Measure.CONCURRENCY for one in self.limits)

    @property
    def is_timed(self) -> bool:
        """Whether it matters when a call goes that was let through."""
        return any(one.measure is not Measure.CONCURRENCY for one in self.limits)

    def limits_for(self, asker: Asker) -> tuple[Limit, ...]:
        """Those that count for `asker`."""
        concern = [one for one in self.limits if one.concerns(asker)]
        own = {one.place for one in concern if one.of is not None}
        return tuple(one for one in concern if one.of is not None or one.place not in own)


def ref_of(limit: Limit, asker: Asker) -> str:
    """The name of the counter that `limit` keeps for `asker`."""
    return f"{limit.code}:{quote(limit.scope.whose(asker), safe='')}"


def lane_of(pool: Pool, asker: Asker) -> str:
    """Who must wait for the same: tenant, model and counters, as turns.lua reads it."""
    refs = sorted(ref_of(limit, asker) for limit in pool.limits_for(asker))
    return "\n".join((quote(asker.tenant, safe=""), quote(asker.model, safe=""), *refs))
