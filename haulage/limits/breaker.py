"""Circuit breakers, shared by all processes through Redis.

Promises: an open breaker lets nobody through until its time is over, then exactly one probe over
all processes; what the probe finds closes it or opens it again, and a probe that dies is replaced
when its own time is over. A cancelled call is no opinion.

    async with breakers.guard("openai"):
        await call()
"""

import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum

import redis.asyncio as redis
from redis.exceptions import RedisError

from haulage.limits.errors import BreakerOpen, RedisAway
from haulage.limits.script import Script
from haulage.telemetry import logs, metrics

log = logs.get(__name__)


class BreakerState(IntEnum):
    """As the metric `circuit_breaker_state` shows it."""

    CLOSED = 0
    OPEN = 1
    HALF_OPEN = 2


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """When it opens: after `failures` in a row, or, with a `failure_rate`, when that part of at
    least `least_calls` in `window_s` failed. 0 switches either off."""

    failures: int = 5
    open_s: float = 60.0
    failure_rate: float = 0.0
    window_s: float = 60.0
    least_calls: int = 20
    # Longer than the longest call: a probe that is silent for so long is dead.
    probe_s: float = 120.0

    def encode(self) -> str:
        """As breaker.lua reads it."""
        return json.dumps(
            {
                "failures": self.failures,
                "open": round(self.open_s * 1000),
                "rate": self.failure_rate,
                "window": round(self.window_s * 1000),
                "least": self.least_calls,
                "probe": round(self.probe_s * 1000),
            }
        )


@dataclass(frozen=True, slots=True)
class BreakerView:
    """How a breaker stands; `wait_s` until it is worth asking again."""

    service: str
    state: BreakerState
    wait_s: float


class Breakers:
    """All breakers of an installation, for one event loop."""

    def __init__(
        self,
        client: "redis.Redis",
        *,
        prefix: str,
        rule: Callable[[str], BreakerRule] = lambda _service: BreakerRule(),
    ) -> None:
        self._client = client
        self._prefix = f"{prefix}limits:breaker:"
        self._rule = rule
        self._script = Script("breaker.lua")

    @asynccontextmanager
    async def guard(
        self, service: str, *, counts: Callable[[BaseException], bool] = lambda _error: True
    ) -> AsyncIterator[None]:
        """Around one call. Raises `BreakerOpen`, or `RedisAway`; `counts` says which errors speak
        against the service: those that do not, speak for it."""
        token = uuid.uuid4().hex
        asked = await self._run("ask", service, token)
        if not asked.may:
            raise BreakerOpen(service, retry_after_s=asked.wait_s)
        try:
            yield
        except Exception as error:
            await self._tell("bad" if counts(error) else "good", service, token)
            raise
        except BaseException:
            await self._tell("drop", service, token)
            raise
        await self._tell("good", service, token)

    async def look(self, service: str) -> BreakerView:
        """How it stands, for whoever asks. Raises `RedisAway`."""
        asked = await self._run("look", service, "")
        return BreakerView(service, asked.state, asked.wait_s)

    async def _tell(self, verb: str, service: str, token: str) -> None:
        # The call has ended; what became of it does not depend on whether Redis hears it.
        with suppress(RedisAway):
            await self._run(verb, service, token)

    async def _run(self, verb: str, service: str, token: str) -> "_Asked":
        key = f"{self._prefix}{{{service}}}"
        try:
            raw = await self._script.run(
                self._client, key, (verb, token, self._rule(service).encode())
            )
        except (RedisError, OSError) as error:
            raise RedisAway(error) from error
        state, wait_ms, may, changed = (int(one) for one in raw)
        asked = _Asked(BreakerState(state), wait_ms / 1000, bool(may))
        metrics.BREAKER_STATE.labels(service=service).set(state)
        if changed:
            log.warning("breaker.changed", service=service, state=asked.state.name.lower())
        return asked


@dataclass(frozen=True, slots=True)
class _Asked:
    state: BreakerState
    wait_s: float
    may: bool
