"""The limiter's face.

    async with limiter.hold("openai", Estimate(900, 400), asker) as held:
        answer = await call()
        held.settle(Spent(tokens=answer.tokens))

What is not settled counts as estimated. Redis away: `RedisAway`.
"""

import asyncio
import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

import redis.asyncio as redis

from haulage.domain.limits import Asker, Estimate, Spent, Wait
from haulage.limits.desk import Desk, Grant, Never
from haulage.limits.errors import NeverFits
from haulage.limits.limit import Pool, lane_of
from haulage.limits.script import LIMITER, Script

TTL_S = 600.0


class Limiter:
    """All pools, for one event loop."""

    def __init__(
        self,
        client: "redis.Redis",
        *,
        pools: Callable[[str], Pool],
        prefix: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._pools = pools
        self._prefix = f"{prefix}limits:"
        self._channel = f"{self._prefix}turns:{uuid.uuid4().hex[:12]}"
        self._now = now
        self._script = Script(*LIMITER)
        self._desks: dict[str, Desk] = {}
        self._hearing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen for turns before the first one is asked for."""
        pubsub = self._client.pubsub()
        await pubsub.subscribe(self._channel)
        self._hearing = asyncio.get_running_loop().create_task(self._hear(pubsub))

    async def drain(self) -> None:
        """Wait until everything that was said is written, or Redis is away."""
        for desk in self._desks.values():
            await desk.drain()

    async def close(self) -> None:
        """Write what was said, and stop listening."""
        await self.drain()
        for desk in self._desks.values():
            desk.close()
        if self._hearing is not None:
            self._hearing.cancel()
            with suppress(asyncio.CancelledError):
                await self._hearing

    def hold(
        self,
        pool: str,
        estimate: Estimate,
        asker: Asker | None = None,
        *,
        id: str | None = None,
        ttl_s: float = TTL_S,
    ) -> "Hold":
        """Waits for its turn when entered. A call that takes longer than `ttl_s` counts as dead."""
        return Hold(
            self._desk(pool), self._pools(pool), estimate, asker or Asker(), id=id, ttl_s=ttl_s
        )

    async def try_hold(
        self,
        pool: str,
        estimate: Estimate,
        asker: Asker | None = None,
        *,
        id: str,
        ttl_s: float = TTL_S,
    ) -> "Hold | Wait":
        """A hold to be entered, or when to come again with the same `id`, which keeps the place."""
        hold = self.hold(pool, estimate, asker, id=id, ttl_s=ttl_s)
        return await hold.attempt(self._now)

    def waiting(self, pool: str) -> int:
        """How many calls of this process are in line."""
        return self._desk(pool).waiting

    @property
    def calls(self) -> int:
        """How often Redis was called, for those who measure."""
        return sum(desk.calls for desk in self._desks.values())

    def _desk(self, name: str) -> Desk:
        desk = self._desks.get(name)
        if desk is None:
            desk = self._desks[name] = Desk(
                self._client,
                pool=lambda: self._pools(name),
                key=f"{self._prefix}{{{name}}}",
                channel=self._channel,
                now=self._now,
                script=self._script,
            )
        return desk

    async def _hear(self, pubsub: Any) -> None:
        async for message in pubsub.listen():
            if message["type"] == "message":
                key, now_ms, calls = json.loads(message["data"])
                name = key.rpartition("{")[2].removesuffix("}")
                if name in self._desks:
                    self._desks[name].hear(now_ms, calls)


class Hold:
    """A reservation, from its turn to its settlement."""

    def __init__(
        self,
        desk: Desk,
        pool: Pool,
        estimate: Estimate,
        asker: Asker,
        *,
        id: str | None,
        ttl_s: float,
    ) -> None:
        self.id = id or uuid.uuid4().hex
        self.estimate = estimate
        self._desk = desk
        self._pool = pool
        self._lane = lane_of(pool, asker)
        self._ttl_ms = round(ttl_s * 1000)
        self._grant: Grant | None = None
        self._spent = Spent(tokens=estimate.tokens, requests=estimate.requests)

    async def attempt(self, now: Callable[[], datetime]) -> "Hold | Wait":
        """Let through, or when to come again. Raises `NeverFits`."""
        answer = await self._desk.ask(
            "take",
            self.id,
            self._lane,
            self.estimate.requests,
            self.estimate.tokens,
            self._ttl_ms,
            False,
        )
        if isinstance(answer, Never):
            raise NeverFits(self._pool.name, self._limit_named(answer.code))
        if isinstance(answer, Grant):
            self._grant = answer
            return self
        return Wait(
            now() + timedelta(seconds=answer.wait_s), answer.wait_s, self._limit_named(answer.code)
        )

    def settle(self, spent: Spent) -> None:
        """What the call really used, once it is known."""
        self._spent = spent

    async def __aenter__(self) -> "Hold":
        if self._grant is None:
            answer = await self._desk.turn(
                self.id, self._lane, self.estimate.requests, self.estimate.tokens, self._ttl_ms
            )
            if isinstance(answer, Never):
                raise NeverFits(self._pool.name, self._limit_named(answer.code))
            self._grant = answer
        delay_s = self._grant.fire_at - asyncio.get_running_loop().time()
        if delay_s > 0:
            try:
                await asyncio.sleep(delay_s)
            except asyncio.CancelledError:
                self._desk.tell("cancel", self.id)
                raise
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self._grant is not None
        self._desk.settle(
            self.id,
            self._spent.requests,
            self._spent.tokens,
            self._grant.generation,
            self._lane,
        )

    def _limit_named(self, ref: str) -> str:
        code = ref.partition(":")[0]
        return next((one.name for one in self._pool.limits if one.code == code), ref)
