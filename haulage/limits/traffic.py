"""The road to the providers: for each call a turn at the limiter and the breaker's leave.

This is what the gateway knows of limits (`domain.ports.Traffic`). A provider is a pool; `local:`
and `fake:` models and pools without limits go at once. A short wait is waited out; a long one
raises `LimitReached`, so that the job gives its slot back, and its place in line is kept for
whoever comes again with the same ticket. Redis away: nothing goes, and the job waits, too.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from haulage.domain.errors import Snoozed
from haulage.domain.limits import Asker, Estimate, Spent, Wait
from haulage.domain.ports import FreePass, RoadPass
from haulage.domain.provider_errors import ProviderUnavailable, RateLimited
from haulage.limits import headers as said
from haulage.limits.breaker import Breakers
from haulage.limits.errors import BreakerOpen, LimiterAway, LimitReached, RedisAway
from haulage.limits.hold import Hold
from haulage.limits.limiter import Limiter
from haulage.telemetry import logs

log = logs.get(__name__)

AT_HOME = frozenset({"local", "fake"})
# A refusal that does not say for how long.
REFUSED_S = 1.0
# A parked job comes back so much before its turn and waits for the rest of it in its slot: who is
# late for a turn wastes it, and the line may be quicker than foreseen.
EARLY_S = 2.5
# With each refusal for Redis' sake jobs stay away for as long again as it has been gone.
LONGEST_AWAY_S = 30.0


class LimitedPass:
    """The right to make one call."""

    def __init__(
        self, hold: Hold, breakers: Breakers, away: Callable[[RedisAway], Snoozed]
    ) -> None:
        self._hold = hold
        self._breakers = breakers
        self._away = away
        self._answered = False
        self.headers: dict[str, str] = {}

    def observe(self, headers: Mapping[str, str]) -> None:
        """The headers of the provider's answer, names in lower case."""
        self.headers, self._answered = dict(headers), True

    async def depart(self) -> None:
        """Wait for its moment, right before the first byte goes. Raises `NeverFits`, `LimiterAway`,
        `BreakerOpen`. Asked once more on the same pass, after a new key or a model's pull, it goes
        at once: its turn is used."""
        if self._answered:
            return
        try:
            await self._hold.depart()
            self._breakers.refuse_if_open(self._hold.pool.name)
        except RedisAway as away:
            raise self._away(away) from None
        except BreakerOpen:
            # It has opened meanwhile, and nothing was sent.
            self._hold.withdraw()
            raise

    def settle(self, *, input_tokens: int, output_tokens: int) -> None:
        """What the call has really used."""
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
        random: Random,
        pools: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._limiter = limiter
        self._breakers = breakers
        self._short_wait_s = short_wait_s
        self._early_s = min(EARLY_S, short_wait_s / 2)
        self._now = now
        self._random = random
        self._pools = pools
        self._away_since: datetime | None = None

    @asynccontextmanager
    async def hold(
        self, provider: str, asker: Asker, *, tokens: int, ticket: str | None = None
    ) -> AsyncIterator[RoadPass]:
        """Wait for a pass and hold it. Raises `NeverFits`, and `LimitReached`, `BreakerOpen` and
        `LimiterAway`, which are `Snoozed`."""
        if provider in AT_HOME:
            yield FreePass()
            return
        async with self._entered(provider, asker, Estimate(tokens), ticket) as turn:
            passing = LimitedPass(turn, self._breakers, lambda away: self._away(provider, away))
            try:
                yield passing
            except RateLimited as refusal:
                turn.settle(Spent(tokens=0))
                asked_s = said.retry_after_s(passing.headers, self._now())
                wait_s = refusal.retry_after_s if asked_s is None else asked_s
                self._limiter.brake(provider, asker.model, wait_s if wait_s else REFUSED_S)
                raise
            except ProviderUnavailable:
                turn.settle(Spent(tokens=0))
                raise
            else:
                for one in said.remaining(passing.headers, self._now()):
                    self._limiter.remaining(turn, one)

    def leave(self, provider: str, asker: Asker, *, ticket: str) -> None:
        """Nobody will come again with this ticket."""
        if provider not in AT_HOME and self._limiter.is_limited(provider):
            self._limiter.hold(provider, Estimate(), asker, id=_place(ticket, asker)).withdraw()

    def abandon(self, jobs: Iterable[UUID]) -> None:
        """Nobody will come again with a ticket of these jobs."""
        owners = [str(one) for one in jobs]
        for pool in self._pools():
            if self._limiter.is_limited(pool):
                self._limiter.abandon(pool, owners)

    @asynccontextmanager
    async def _entered(
        self, provider: str, asker: Asker, estimate: Estimate, ticket: str | None
    ) -> AsyncIterator[Hold]:
        """A turn that has come, with the breaker's leave."""
        async with AsyncExitStack() as entered:
            try:
                # Its place is where it asked, whatever comes before the line.
                place = None if ticket is None else _place(ticket, asker)
                turn = self._limiter.hold(provider, estimate, asker, id=place)
                # Before the line, so that nobody stands in it for nothing, and is late for its end.
                await self._breakers.require_not_open(provider)
                await self._book(turn, keeps_its_place=place is not None)
                entered.push_async_exit(turn)
                try:
                    # The breaker last: a probe must not wait in line.
                    guard = self._breakers.guard(provider, counts=_speaks_against)
                    await entered.enter_async_context(guard)
                except BreakerOpen:
                    # Nothing was sent.
                    turn.withdraw()
                    raise
                except RedisAway:
                    if not turn.is_local:
                        raise
            except RedisAway as away:
                raise self._away(provider, away) from None
            self._away_since = None
            yield turn

    async def _book(self, turn: Hold, *, keeps_its_place: bool) -> None:
        """Have the moment of its turn; raises `LimitReached` when that is far."""
        if not turn.pool.limits:
            return
        answer = await turn.attempt(self._now, patience_s=self._short_wait_s)
        if isinstance(answer, Wait):
            if not keeps_its_place:
                turn.withdraw()
            wait_s = max(0.0, answer.wait_s - self._early_s)
            until = answer.until - timedelta(seconds=answer.wait_s - wait_s)
            raise LimitReached(turn.pool.name, replace(answer, wait_s=wait_s, until=until))
        await turn.book()

    def _away(self, provider: str, away: RedisAway) -> LimiterAway:
        """How long a job stays away; not all of them come back at one moment."""
        now = self._now()
        self._away_since = self._away_since or now
        gone_s = (now - self._away_since).total_seconds()
        wait_s = min(max(away.retry_after_s, gone_s), LONGEST_AWAY_S)
        log.warning("limits.redis_away", pool=provider, gone_s=round(gone_s, 1))
        return LimiterAway(provider, retry_after_s=wait_s * self._random.uniform(1.0, 1.5))


def _place(ticket: str, asker: Asker) -> str:
    """A chain asks several models of one pool under one ticket."""
    return f"{ticket}/{asker.model}"


def _speaks_against(error: BaseException) -> bool:
    return isinstance(error, ProviderUnavailable)
