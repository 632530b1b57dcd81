"""What the limiter refuses with.

Snoozed
├── LimitReached      the wait is long; come back in `delay_s` with the same id
├── BreakerOpen       the service failed too often; nobody calls it before `delay_s` is over
└── LimiterAway       a `RedisAway` as a job sees it
NotRetryable
└── NeverFits         the call is larger than a limit
Unavailable
└── RedisAway         nobody can tell what is left of the limits, so nothing is let through
"""

from haulage.domain.errors import NotRetryable, Snoozed, Unavailable
from haulage.domain.holdup import Holdup, HoldupKind
from haulage.domain.limits import Wait

REDIS_RETRY_S = 2.0


class LimitReached(Snoozed):
    """Not now: `wait` says until when, and which limit decides."""

    code = "limit_reached"

    def __init__(self, pool: str, wait: Wait) -> None:
        super().__init__(
            f"{pool}: waits for {wait.limit}",
            delay_s=wait.wait_s,
            until=wait.until,
            holdup=Holdup(wait.kind, pool, wait.limit),
        )
        self.pool = pool
        self.wait = wait


class BreakerOpen(Snoozed):
    """The service's circuit breaker lets nobody through."""

    code = "breaker_open"

    def __init__(self, service: str, *, retry_after_s: float) -> None:
        super().__init__(
            f"{service}: its circuit breaker is open",
            delay_s=retry_after_s,
            holdup=Holdup(HoldupKind.BREAKER, service),
        )
        self.service = service
        self.retry_after_s = retry_after_s


class NeverFits(NotRetryable):
    """More than a limit allows even when nothing else is there."""

    code = "never_fits"

    def __init__(self, pool: str, limit: str) -> None:
        super().__init__(
            f"This call is larger than {pool!r} allows at all: {limit}. Make it smaller."
        )
        self.pool = pool
        self.limit = limit


class LimiterAway(Snoozed):
    """Nobody can tell what is left of the limits: the job waits, and that costs no attempt."""

    code = "limiter_away"

    def __init__(self, pool: str, *, retry_after_s: float) -> None:
        super().__init__(
            f"{pool}: its limits can't be asked, Redis does not answer",
            delay_s=retry_after_s,
            holdup=Holdup(HoldupKind.LIMITER, pool),
        )


class RedisAway(Unavailable):
    """Redis does not answer; what was asked may or may not have happened."""

    code = "redis_away"

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            f"Redis does not answer ({type(error).__name__}), so nobody can tell what is left "
            "of the limits.",
            hint="Check HAULAGE_REDIS_URL and that Redis runs there.",
        )
        self.retry_after_s = REDIS_RETRY_S
