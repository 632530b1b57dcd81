"""The limiter's face.

    async with limiter.hold("openai", Estimate(900, 400), asker) as held:
        answer = await call()
        held.settle(Spent(tokens=answer.tokens))

What is not settled counts as estimated. Redis away: `RedisAway`, unless the pool
has a local share.
"""

import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import redis.asyncio as redis

from haulage.domain.limits import Asker, Estimate, Wait
from haulage.limits.clock import RedisClock
from haulage.limits.desk import Desk
from haulage.limits.ear import Ear
from haulage.limits.headers import Remaining
from haulage.limits.hold import Hold
from haulage.limits.ledger import FLUSH_S, Ledger
from haulage.limits.limit import Pool, Scope
from haulage.limits.local import LocalPool
from haulage.limits.script import LIMITER, Script
from haulage.limits.view import LimitView, PoolView, read_limits, read_view
from haulage.telemetry import metrics

TTL_S = 600.0
# What a process has settled is written after this at the latest, unless PostgreSQL is away.
UNWRITTEN_S = FLUSH_S + 0.5


class Limiter:
    """All pools, for one event loop."""

    def __init__(
        self,
        client: "redis.Redis",
        *,
        pools: Callable[[str], Pool],
        prefix: str,
        ledger: Ledger | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        unwritten_s: float = UNWRITTEN_S,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._unwritten_s = unwritten_s
        self._pools = pools
        self._prefix = f"{prefix}limits:"
        self._channel = f"{self._prefix}turns:{uuid.uuid4().hex[:12]}"
        self._now = now
        self._script = Script(*LIMITER)
        self._clock = RedisClock()
        self._desks: dict[str, Desk] = {}
        self._locals: dict[str, LocalPool] = {}
        self._ear = Ear(client, self._channel, heard=self._heard, missed=self._missed)

    async def open(self) -> None:
        """Listen for turns before the first one is asked for, and compare clocks."""
        await self._ear.open()
        await self._clock.read(self._client)

    async def drain(self) -> None:
        """Wait until everything that was said is written, or Redis is away."""
        for desk in self._desks.values():
            await desk.talk.drain()

    async def close(self) -> None:
        """Write what was said, and stop listening."""
        await self.drain()
        for desk in self._desks.values():
            desk.close()
        await self._ear.close()

    def hold(
        self,
        pool: str,
        estimate: Estimate,
        asker: Asker | None = None,
        *,
        id: str | None = None,
        ttl_s: float = TTL_S,
    ) -> Hold:
        """Waits for its turn when entered. A call that takes longer than `ttl_s` counts as dead."""
        return Hold(
            self._desk(pool),
            self._pools(pool),
            estimate,
            asker or Asker(),
            local=self._local(pool),
            ledger=self._ledger,
            id=id,
            ttl_s=ttl_s,
        )

    async def try_hold(
        self,
        pool: str,
        estimate: Estimate,
        asker: Asker | None = None,
        *,
        id: str,
        ttl_s: float = TTL_S,
    ) -> Hold | Wait:
        """A hold to be entered, or when to come again with the same `id`, which keeps the place."""
        hold = self.hold(pool, estimate, asker, id=id, ttl_s=ttl_s)
        return await hold.attempt(self._now)

    def is_limited(self, pool: str) -> bool:
        """Whether there is anything to wait for in `pool`."""
        return bool(self._pools(pool).limits)

    def brake(self, pool: str, model: str, freeze_s: float) -> None:
        """The provider has refused a call: nothing goes to `model` until then, and less after."""
        metrics.LIMIT_REFUSALS.labels(pool=pool).inc()
        if self.is_limited(pool):
            self._desk(pool).brake(quote(model, safe=""), freeze_s)

    def remaining(self, hold: Hold, said: Remaining) -> None:
        """The provider has said how much is left."""
        if hold.pool.limits:
            reset_ms = round(said.reset_s * 1000)
            words = (hold.lane, said.measure.value, said.left, reset_ms)
            self._desk(hold.pool.name).talk.tell("remaining", *words, soon=False)

    def abandon(self, pool: str, owners: Iterable[str]) -> None:
        """Give back the parked places whose ids begin with one of these and a full stop."""
        for owner in owners:
            self._desk(pool).talk.tell("abandon", owner, soon=False)

    async def look(self, pool: str) -> PoolView:
        """How a pool stands now. Raises `RedisAway`."""
        return read_view(self._pools(pool), await self._desk(pool).talk.ask("look"), self._now())

    async def standing(self, pool: str) -> list[LimitView]:
        """The limits of a pool as a whole; cheaper than a look. Raises `RedisAway`."""
        whole = self._pools(pool)
        limits = [one for one in whole.limits if one.scope is Scope.POOL]
        if not limits:
            return []
        _, found = await self._desk(pool).talk.ask("standing")
        return read_limits(whole, limits, found, self._now())

    def waiting(self, pool: str) -> int:
        """How many calls of this process are in line."""
        return self._desk(pool).waiting

    @property
    def calls(self) -> int:
        """How often Redis was called, for those who measure."""
        return sum(desk.talk.calls for desk in self._desks.values())

    def _desk(self, name: str) -> Desk:
        desk = self._desks.get(name)
        if desk is None:
            desk = self._desks[name] = Desk(
                self._client,
                self._script,
                pool=lambda: self._pools(name),
                key=f"{self._prefix}{{{name}}}",
                channel=self._channel,
                clock=self._clock,
                now=self._now,
                ledger=self._ledger,
                unwritten_s=self._unwritten_s,
            )
        return desk

    def _local(self, name: str) -> LocalPool:
        local = self._locals.get(name)
        if local is None:
            local = self._locals[name] = LocalPool(lambda: self._pools(name))
        return local

    def _heard(self, key: str, calls: list[Any]) -> None:
        desk = self._desks.get(key.rpartition("{")[2].removesuffix("}"))
        if desk is not None:
            desk.hear(calls)

    def _missed(self) -> None:
        for desk in self._desks.values():
            desk.ask_all_again()
