"""The limiter again, plainly: it remembers every grant and counts them anew for each question."""

import math
from dataclasses import dataclass, field

from haulage.limits.limit import Limit, Measure, Pool, Strategy
from haulage.limits.rules import grain_ms

NEVER = -1


@dataclass
class Call:
    """A call that was let through; `debts` are what it used beyond its reservation, and when."""

    at: float
    requests: int
    tokens: int
    over: bool = False
    debts: list[tuple[float, int, int]] = field(default_factory=list)

    def takings(self, measure: Measure) -> list[tuple[float, int]]:
        found = [(self.at, self.tokens if measure is Measure.TOKENS else self.requests)]
        for at, requests, tokens in self.debts:
            found.append((at, tokens if measure is Measure.TOKENS else requests))
        return [(at, amount) for at, amount in found if amount]


class Model:
    """One pool without scopes; moments in milliseconds."""

    def __init__(self, pool: Pool, *, day_ms: int) -> None:
        self.pool = pool
        self.day_ms = day_ms
        self.calls: dict[str, Call] = {}
        self.reserved: dict[str, tuple[int, int]] = {}

    def when(self, now: float, requests: int, tokens: int) -> float:
        """The first moment at which all limits have room, or NEVER."""
        at = now
        for limit in self.pool.limits:
            amount = {Measure.TOKENS: tokens, Measure.REQUESTS: requests}.get(limit.measure, 1)
            if not amount:
                continue
            moment = self._when(limit, amount, now)
            if moment == NEVER:
                return NEVER
            at = max(at, moment)
        return at

    def take(self, call_id: str, at: float, requests: int, tokens: int) -> None:
        self.calls[call_id] = Call(at, requests, tokens)
        self.reserved[call_id] = (requests, tokens)

    def settle(self, call_id: str, now: float, requests: int, tokens: int) -> None:
        call = self.calls[call_id]
        more = (max(0, requests - call.requests), max(0, tokens - call.tokens))
        call.requests = min(call.requests, requests)
        call.tokens = min(call.tokens, tokens)
        call.debts.append((now, *more))
        call.over = True

    def _when(self, limit: Limit, amount: int, now: float) -> float:
        if limit.measure is Measure.CONCURRENCY:
            held = sum(not call.over for call in self.calls.values())
            return NEVER if amount > limit.amount else now if held < limit.amount else math.inf
        if limit.strategy is Strategy.BUCKET:
            return self._when_bucket(limit, amount, now)
        if amount > limit.amount:
            return NEVER
        takings = [one for call in self.calls.values() for one in call.takings(limit.measure)]
        ends = sorted({now, *(self._counts_until(limit, at) for at, _ in takings)})
        for moment in ends:
            if moment >= now and limit.amount >= amount + sum(
                taken for at, taken in takings if self._counts_until(limit, at) > moment
            ):
                return moment
        raise AssertionError("everything ends")

    def _when_bucket(self, limit: Limit, amount: int, now: float) -> float:
        """What is reserved from a bucket stays taken; a debt is taken when it is known."""
        assert limit.period is not None
        burst = limit.burst or limit.amount
        if amount > burst:
            return NEVER
        interval = limit.period.seconds * 1000 / limit.amount
        events = []
        for call_id, call in self.calls.items():
            requests, tokens = self.reserved[call_id]
            events.append((call.at, tokens if limit.measure is Measure.TOKENS else requests))
            for at, *debt in call.debts:
                events.append((at, debt[limit.measure is Measure.TOKENS]))
        full = 0.0
        for at, taken in sorted(events):
            if taken:
                full = max(full, at) + taken * interval
        return max(now, full - (burst - amount) * interval)

    def _counts_until(self, limit: Limit, at: float) -> float:
        assert limit.period is not None
        if limit.strategy is Strategy.FIXED:
            return (at // self.day_ms + 1) * self.day_ms
        grain = grain_ms(limit.period)
        slack_ms = round(self.pool.slack_s * 1000)
        return (at // grain + 1) * grain + limit.period.seconds * 1000 + slack_ms
