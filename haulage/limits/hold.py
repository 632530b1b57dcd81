"""A reservation, from its turn to its settlement."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from urllib.parse import quote

from haulage.domain.holdup import HoldupKind
from haulage.domain.limits import Asker, Estimate, Spent, Wait
from haulage.limits.answers import Grant, Later, Never
from haulage.limits.desk import Desk
from haulage.limits.errors import NeverFits, RedisAway
from haulage.limits.ledger import Ledger
from haulage.limits.limit import Limit, Pool, lane_of
from haulage.limits.local import LocalPool
from haulage.limits.view import LimitView, read_limits
from haulage.telemetry import metrics

# How late a call may leave, of the pool's slack: the rest is for its way to the provider. At least
# so late, because timers are no better on a machine with work to do.
OWN_PART, LATE_S = 0.5, 0.005
# So many moments a call asks for, and goes at the last one however late it is.
MOMENTS = 8
# What the script names besides limits: the provider has refused a call, others are before it.
FROZEN = "frozen"
WORDS = {FROZEN: "its last refusal to be over", "turn": "its turn in line"}


class Hold:
    """Entered, it waits for its moment; left, it settles. What is not settled counts as estimated.
    Who has to prepare what it sends books, prepares, and departs."""

    def __init__(
        self,
        desk: Desk,
        pool: Pool,
        estimate: Estimate,
        asker: Asker,
        *,
        local: LocalPool,
        ledger: Ledger | None,
        id: str | None,
        ttl_s: float,
    ) -> None:
        self.id = id or uuid.uuid4().hex
        self.estimate = estimate
        self.asker = asker
        self.pool = pool
        self.lane = lane_of(pool, asker)
        self._desk = desk
        self._local = local
        self._ledger = ledger
        self._ttl_ms = round(ttl_s * 1000)
        # Its place in line: what is done before it is told is not the line's matter.
        self._asked_us = desk.clock.now_us()
        self._grant: Grant | None = None
        self._is_local = False
        self.spent = Spent(tokens=estimate.tokens, requests=estimate.requests)
        # What its limits had left when it was let through at once; nothing where nobody was asked.
        self.left: Sequence[LimitView] = ()

    async def attempt(
        self, now: Callable[[], datetime], *, patience_s: float = 0.0
    ) -> "Hold | Wait":
        """Let through within `patience_s`, or when to come again. Raises `NeverFits`, `RedisAway`.
        With a local share of the limits Redis may be away: the hold waits when it is entered."""
        try:
            if patience_s > 0:
                answer = await self._desk.turn_within(
                    patience_s, *self._request, asked_us=self._asked_us
                )
            else:
                answer, found = await self._desk.attempt(*self._request, asked_us=self._asked_us)
                mine = self.pool.limits_for(self.asker)
                self.left = read_limits(self.pool, mine, found, now())
        except RedisAway:
            if self.pool.local_share <= 0:
                raise
            return self
        if isinstance(answer, Later):
            # Where nobody can tell, it does not come again at once only to wait again.
            wait_s = answer.wait_s if answer.foreseen else max(answer.wait_s, patience_s)
            return self._told_to_wait(answer.code, wait_s, now())
        self._grant = self._granted(answer)
        return self

    @property
    def is_local(self) -> bool:
        """Whether it was let through by this process' own share of the limits."""
        return self._is_local

    def settle(self, spent: Spent) -> None:
        """What the call really used, once it is known."""
        self.spent = spent

    def withdraw(self) -> None:
        """Nothing is sent: leave the line, or give everything back."""
        self._grant = None
        if self.pool.limits:
            self._desk.cancel(self.id)

    async def __aenter__(self) -> "Hold":
        await self.book()
        await self.depart()
        return self

    async def book(self) -> None:
        """Stand in line until its moment is known, a little ahead; `depart` waits for it. Raises
        `NeverFits`, `RedisAway`."""
        if self._grant is not None or not self.pool.limits:
            return
        try:
            turn = await self._desk.turn(*self._request, asked_us=self._asked_us)
        except RedisAway as away:
            await self._go_alone(away)
        else:
            self._grant = self._granted(turn)

    async def depart(self) -> None:
        """Wait for its moment, right before it goes. Raises `NeverFits`, `RedisAway`; nothing must
        be sent then."""
        if self._grant is None:
            return
        try:
            await self._depart()
        except RedisAway as away:
            self.withdraw()
            await self._go_alone(away)
        except BaseException:
            self.withdraw()
            raise

    async def _depart(self) -> None:
        """Wait until its moment, or for another one when it comes too late for that."""
        for _ in range(MOMENTS):
            if not await self._is_late():
                return
            # The process stood still. What it would send now could come together with what the
            # limiter lets through now, so it asks for another moment, before those behind it.
            self._grant = self._granted(await self._desk.again(*self._request))
        if await self._is_late():
            # A process that is always late must still get on; others make room for it.
            self._desk.talk.tell("moved", self.id)
            assert self._grant is not None
            self._grant.fire_at = asyncio.get_running_loop().time()

    async def _go_alone(self, away: RedisAway) -> None:
        """By this process' own share of the limits, where there is one."""
        if self.pool.local_share <= 0:
            raise away
        self._is_local = True
        await self._local.enter(self.asker, self.estimate)

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._is_local:
            self._local.leave(self.asker)
            if self._ledger is not None:
                self._ledger.add(self.pool, self.asker, self.spent)
            return
        if self._grant is None:
            return
        if self._ledger is not None:
            self._ledger.add(self.pool, self.asker, self.spent)
        self._desk.settle(
            self.id, self.spent.requests, self.spent.tokens, self._grant.generation, self.lane
        )

    @property
    def _request(self) -> tuple[str, str, int, int, int]:
        return self.id, self.lane, self.estimate.requests, self.estimate.tokens, self._ttl_ms

    async def _is_late(self) -> bool:
        """Sleep until its moment; whether that is over for longer than the limits allow for, or
        the provider has refused others meanwhile."""
        assert self._grant is not None
        clock = asyncio.get_running_loop().time
        if (delay_s := self._grant.fire_at - clock()) > 0:
            try:
                await asyncio.sleep(delay_s)
            except asyncio.CancelledError:
                self._desk.cancel(self.id)
                raise
        if self._desk.is_frozen(quote(self.asker.model, safe=""), self._grant.fire_at):
            return True
        late_s = clock() - self._grant.fire_at
        return self.pool.is_timed and late_s > max(self.pool.slack_s * OWN_PART, LATE_S)

    def _granted(self, answer: Grant | Never) -> Grant:
        if isinstance(answer, Never):
            raise NeverFits(self.pool.name, self._limit_named(answer.code))
        return answer

    def _told_to_wait(self, code: str, wait_s: float, now: datetime) -> Wait:
        limit = self._limit_of(code)
        metrics.LIMIT_WAITS.labels(pool=self.pool.name, limit=self._limit_named(code)).inc()
        if limit is not None and limit.period is not None:
            labels = (self.pool.name, limit.measure.value, limit.period.value)
            metrics.RATE_EXCEEDED.labels(*labels).inc()
        kind = HoldupKind.LIMIT
        if code == FROZEN:
            kind = HoldupKind.PROVIDER
        elif limit is not None and limit.period is not None and limit.period.outlives_redis:
            kind = HoldupKind.QUOTA
        until = now + timedelta(seconds=wait_s)
        return Wait(until, wait_s, self._limit_named(code), kind)

    def _limit_of(self, ref: str) -> Limit | None:
        code = ref.partition(":")[0]
        return next((one for one in self.pool.limits if one.code == code), None)

    def _limit_named(self, ref: str) -> str:
        limit = self._limit_of(ref)
        return limit.name if limit is not None else WORDS.get(ref, ref)
