"""The road to the providers: for each call a turn at the limiter and the breaker's leave.

This is what the gateway knows of limits (`domain.ports.Traffic`). A provider is a pool; `local:`
and `fake:` models and pools without limits go at once. A short wait is waited out; a long one
raises `LimitReached`, so that the job gives its slot back, and its place in line is kept for
whoever comes again under the same `CALLER`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime

from haulage.domain.limits import Asker, Estimate, Spent, Wait
from haulage.domain.provider_errors import ProviderUnavailable, RateLimited
from haulage.limits import headers as said
from haulage.limits.breaker import Breakers
from haulage.limits.errors import BreakerOpen, LimitReached
from haulage.limits.hold import Hold
from haulage.limits.limiter import Limiter
from haulage.telemetry import metrics

# Who calls, the same in each attempt of a job's call. Nobody: its place in line is not kept.
CALLER: ContextVar[str | None] = ContextVar("haulage_limits_caller", default=None)
AT_HOME = frozenset({"local", "fake"})
# A refusal that does not say for how long.
REFUSED_S = 1.0


class LimitedPass:
    """The right to make one call."""

    def __init__(self, hold: Hold | None) -> None:
        self._hold = hold
        self.headers: dict[str, str] = {}

    def observe(self, headers: Mapping[str, str]) -> None:
        """The headers of the provider's answer, names in lower case."""
        self.headers = dict(headers)

    def settle(self, *, input_tokens: int, output_tokens: int) -> None:
        """What the call has really used."""
        if self._hold is not None:
            self._hold.settle(Spent(tokens=input_tokens + output_tokens))


class LimitedTraffic:
    """Limits, quotas and breakers of all processes together."""

    def __init__(
        self,
        limiter: Limiter,
        breakers: Breakers,
        *,
        short_wait_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._limiter = limiter
        self._breakers = breakers
        self._short_wait_s = short_wait_s
        self._now = now

    @asynccontextmanager
    async def hold(
        self, *, provider: str, model: str, tenant: str, tokens: int
    ) -> AsyncIterator[LimitedPass]:
        """Wait for a pass and hold it. Raises `LimitReached` and `BreakerOpen`, which are
        `Snoozed`, `NeverFits` and `RedisAway`."""
        if provider in AT_HOME:
            yield LimitedPass(None)
            return
        asker = Asker(tenant=tenant, model=model)
        turn = await self._turn(provider, asker, Estimate(tokens))
        # The breaker last: a probe must not wait in line.
        async with turn, self._guarded(provider, turn):
            passing = LimitedPass(turn)
            try:
                yield passing
            except RateLimited as refusal:
                turn.settle(Spent(tokens=0))
                asked_s = said.retry_after_s(passing.headers, self._now())
                wait_s = refusal.retry_after_s if asked_s is None else asked_s
                self._limiter.brake(provider, model, wait_s if wait_s else REFUSED_S)
                raise
            except ProviderUnavailable:
                turn.settle(Spent(tokens=0))
                raise
            else:
                for one in said.remaining(passing.headers, self._now()):
                    self._limiter.remaining(turn, one)

    @asynccontextmanager
    async def _guarded(self, provider: str, turn: Hold) -> AsyncIterator[None]:
        try:
            async with self._breakers.guard(provider, counts=_speaks_against):
                yield
        except BreakerOpen:
            # Nothing was sent.
            turn.withdraw()
            raise

    async def _turn(self, provider: str, asker: Asker, estimate: Estimate) -> Hold:
        if not self._limiter.is_limited(provider):
            return self._limiter.hold(provider, estimate, asker)
        hold = self._limiter.hold(provider, estimate, asker, id=CALLER.get())
        answer = await hold.attempt(self._now)
        if isinstance(answer, Wait):
            metrics.LIMIT_WAITS.labels(pool=provider, limit=answer.limit).inc()
            if answer.wait_s > self._short_wait_s:
                if CALLER.get() is None:
                    hold.withdraw()
                raise LimitReached(provider, answer)
        return hold


def _speaks_against(error: BaseException) -> bool:
    return isinstance(error, ProviderUnavailable)
