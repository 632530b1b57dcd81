"""Limits of callers: requests, and jobs by their type, through the limiter of providers.

Pools with these names are set like any other, in `haulage.toml` or over HTTP: `requests` counts
requests to the API, `jobs` all submitted jobs, `jobs:TYPE` those of one type, `jobs:NAME` with
`types` those of several types together. Their `per_tenant`, `per_user` and `per_key` limits are
what callers feel. Where none is set nothing is asked.

While Redis is away nobody can tell what is left: callers are let through then, because a job that
can be stored is accepted, with or without Redis.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from haulage.accounts.principal import Principal
from haulage.domain import bulk
from haulage.domain.errors import InvalidInput, OverLimit
from haulage.domain.job import NewJob
from haulage.domain.limits import Asker, Estimate, Wait
from haulage.limits.book import PoolBook
from haulage.limits.errors import NeverFits, RedisAway
from haulage.limits.hold import Hold
from haulage.limits.limiter import Limiter
from haulage.limits.view import LimitView
from haulage.telemetry import logs

log = logs.get(__name__)

REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a caller has left of a pool, by the limit that leaves least: `left` of `quota` in
    `window_s` seconds, and when all of it will be there again."""

    pool: str
    quota: int
    window_s: int
    left: int
    reset_s: float


# Who puts a list here finds in it what was counted on the way, and what is left.
standings: ContextVar[list[Standing] | None] = ContextVar("standings", default=None)


class Quota:
    """What callers may still take, for one event loop."""

    def __init__(self, limiter: Limiter, book: PoolBook, now: Callable[[], datetime]) -> None:
        self._limiter = limiter
        self._book = book
        self._now = now

    async def request(self, who: Principal) -> None:
        """Count a request; raises `OverLimit`."""
        if self._limiter.is_limited(REQUESTS):
            user, key = who.caller.user or "", who.caller.key or ""
            async with AsyncExitStack() as held:
                await self._take(held, REQUESTS, Asker(who.tenant, user=user, key=key), 1)

    def taking(self, jobs: Sequence[NewJob]) -> AbstractAsyncContextManager[None]:
        """Count jobs that are stored inside the block: all or none. What was counted is given back
        when it fails. Raises `OverLimit`, and `InvalidInput` for more than could ever pass."""
        wanted = list(self._counted(jobs))
        return self._taking(Counter(wanted)) if wanted else nullcontext()

    @asynccontextmanager
    async def _taking(self, wanted: Mapping[tuple[str, Asker], int]) -> AsyncIterator[None]:
        async with AsyncExitStack() as held:
            holds: list[Hold] = []
            try:
                for (pool, asker), count in wanted.items():
                    holds += await self._take(held, pool, asker, count)
                yield
            except BaseException:
                for hold in holds:
                    hold.withdraw()
                raise

    def _counted(self, jobs: Iterable[NewJob]) -> Iterable[tuple[str, Asker]]:
        for job in jobs:
            if job.type == bulk.TYPE:
                continue
            for pool in self._book.counting(job.type):
                if self._limiter.is_limited(pool):
                    user, key = job.caller.user or "", job.caller.key or ""
                    yield pool, Asker(job.tenant, user=user, key=key)

    async def _take(
        self, held: AsyncExitStack, pool: str, asker: Asker, count: int
    ) -> Sequence[Hold]:
        hold = self._limiter.hold(pool, Estimate(requests=count), asker)
        try:
            answer = await hold.attempt(self._now)
            if isinstance(answer, Wait):
                # No place in line: whoever comes again asks anew.
                hold.withdraw()
                raise self._refusal(hold, answer)
            self._note(pool, hold.left)
            await held.enter_async_context(hold)
        except RedisAway:
            log.debug("quota.unknown", pool=pool)
            return ()
        except NeverFits as error:
            raise InvalidInput(
                f"{count} at once is more than {pool!r} allows at all: {error.limit}."
            ) from error
        return (hold,)

    def _note(self, pool: str, views: Iterable[LimitView]) -> None:
        """Write down what is left, for whoever wants to know."""
        noted = standings.get()
        timed = [
            (view.remaining, -period.seconds, view)
            for view in views
            if (period := view.limit.period) is not None
        ]
        if noted is None or not timed:
            return
        left, window_s, view = min(timed, key=lambda one: one[:2])
        # By Redis' clock: what it said of the next one is the moment at which it was asked.
        reset_s = (view.reset_at - (view.next_at or view.reset_at)).total_seconds()
        noted.append(Standing(pool, view.limit.amount, -window_s, left, reset_s))

    def _refusal(self, hold: Hold, wait: Wait) -> OverLimit:
        limits = hold.pool.limits_for(hold.asker)
        decides = next((one for one in limits if one.name == wait.limit), None)
        window_s = decides.period.seconds if decides and decides.period else None
        return OverLimit(
            f"{hold.pool.name}: {wait.limit} are used up.",
            policy=hold.pool.name,
            quota=decides.amount if decides else None,
            window_s=window_s,
            retry_after_s=wait.wait_s,
        )
