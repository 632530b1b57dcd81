"""Circuit breakers, shared by all processes through Redis.

Promises: an open breaker lets nobody through until its time is over, then exactly one probe over
all processes; what the probe finds closes it or opens it again, and a probe that dies is replaced
when its own time is over. A cancelled call is no opinion.

    async with breakers.guard("openai"):
        await call()
"""

import asyncio
import json
import math
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError

from haulage.limits.ear import Ear
from haulage.limits.errors import BreakerOpen, RedisAway
from haulage.limits.script import Script
from haulage.telemetry import logs, metrics

log = logs.get(__name__)

# A closed breaker is asked about again after this, and believed for so long. A change is heard at
# once, unless it gets lost. Calls whose moment has come do not wait for an answer.
LOOK_AGAIN_S, SURE_S = 1.0, 3.0
# Whoever finds a probe under way comes again after this at the latest.
PROBE_AGAIN_S = 1.0


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

    def encode(self, channel: str) -> str:
        """As breaker.lua reads it."""
        return json.dumps(
            {
                "failures": self.failures,
                "open": round(self.open_s * 1000),
                "rate": self.failure_rate,
                "window": round(self.window_s * 1000),
                "least": self.least_calls,
                "probe": round(self.probe_s * 1000),
                "channel": channel,
            }
        )


@dataclass(slots=True)
class Known:
    """What a process has last heard of a breaker, on its loop's clock; `until` it is open. How many
    calls it has `refused` here since."""

    state: BreakerState
    heard_at: float
    until: float
    failures: int
    refused: int = 0

    def is_surely_closed(self, now: float) -> bool:
        """Closed, as heard not long ago."""
        return self.state is BreakerState.CLOSED and now < self.heard_at + SURE_S

    def is_old(self, now: float) -> bool:
        """Worth to be asked about."""
        return now > self.heard_at + LOOK_AGAIN_S

    def left_s(self, now: float) -> float:
        """For how long still nobody need ask."""
        return self.until - now if self.state is BreakerState.OPEN else 0.0

    def ramp_s(self) -> float:
        """How much later than the first one the next refused call comes again: twice as many in
        each second, so that a service that is back is not run down."""
        self.refused += 1
        return math.log2(self.refused)


@dataclass(frozen=True, slots=True)
class BreakerView:
    """How a breaker stands; `wait_s` until it is worth asking again; `failures` in a row."""

    service: str
    state: BreakerState
    wait_s: float
    failures: int


class Breakers:
    """All breakers of an installation, for one event loop.

    Opened, it listens: a closed breaker is asked about once a second, however many calls go, and an
    open one not at all before its time is over. Not opened, each call asks.
    """

    def __init__(
        self,
        client: "redis.Redis",
        *,
        prefix: str,
        rule: Callable[[str], BreakerRule] = lambda _service: BreakerRule(),
    ) -> None:
        self._client = client
        self._prefix = f"{prefix}limits:breaker:"
        # Redis' channels know no databases.
        number = client.connection_pool.connection_kwargs.get("db", 0)
        self._channel = f"{prefix}limits:breakers:{number}"
        self._rule = rule
        self._script = Script("breaker.lua")
        self._ear = Ear(client, self._channel, heard=self._heard, missed=self._missed)
        self._opened = False
        self._known: dict[str, Known] = {}
        self._looking: dict[str, asyncio.Task[BreakerView]] = {}
        self.calls = 0

    async def open(self) -> None:
        """Hear of changes from now on."""
        await self._ear.open()
        self._opened = True

    async def close(self) -> None:
        """Stop listening."""
        self._opened = False
        await self._ear.close()

    @asynccontextmanager
    async def guard(
        self, service: str, *, counts: Callable[[BaseException], bool] = lambda _error: True
    ) -> AsyncIterator[None]:
        """Around one call. Raises `BreakerOpen`, or `RedisAway`; `counts` says which errors speak
        against the service: those that do not, speak for it."""
        token = uuid.uuid4().hex
        await self._let_through(service, token)
        try:
            yield
        except Exception as error:
            if counts(error):
                await self._tell("bad", service, token)
            else:
                await self._tell_good(service, token)
            raise
        except BaseException:
            if self._is_news(service):
                await self._tell("drop", service, token)
            raise
        await self._tell_good(service, token)

    async def require_not_open(self, service: str) -> None:
        """Raise `BreakerOpen` while nobody need ask, or `RedisAway`. Before standing in line for
        the service: who knows how it stands is let through at its moment without a question."""
        if not self._opened:
            return
        if not self._is_surely_closed(service):
            self.refuse_if_open(service)
            # Of many calls at once one asks.
            await asyncio.shield(self._look_soon(service))
        elif self._known[service].is_old(_now()):
            self._look_soon(service)
        self.refuse_if_open(service)

    async def look(self, service: str) -> BreakerView:
        """How it stands, for whoever asks. Raises `RedisAway`."""
        return await self._view("look", service)

    async def shut(self, service: str) -> BreakerView:
        """Closed at once, whatever it was: somebody knows that the service is back. Raises
        `RedisAway`."""
        return await self._view("close", service)

    async def _view(self, verb: str, service: str) -> BreakerView:
        asked = await self._run(verb, service, "")
        return BreakerView(service, asked.state, asked.wait_s, asked.failures)

    async def _let_through(self, service: str, token: str) -> None:
        if self._is_surely_closed(service):
            return
        self.refuse_if_open(service)
        asked = await self._run("ask", service, token)
        if not asked.may:
            wait_s = asked.wait_s
            if self._opened:
                known = self._known[service]
                if asked.state is BreakerState.HALF_OPEN:
                    # The probe tells sooner than its time is over, as a rule.
                    wait_s = min(wait_s, PROBE_AGAIN_S)
                wait_s += known.ramp_s()
            raise BreakerOpen(service, retry_after_s=wait_s)

    def refuse_if_open(self, service: str) -> None:
        """Raise `BreakerOpen` when this process knows that nobody goes now. Asks nobody."""
        known = self._known.get(service)
        if known is not None and self._opened and (wait_s := known.left_s(_now())) > 0:
            raise BreakerOpen(service, retry_after_s=wait_s + known.ramp_s())

    def _look_soon(self, service: str) -> "asyncio.Task[BreakerView]":
        looking = self._looking.get(service)
        if looking is None or looking.done():
            looking = asyncio.get_running_loop().create_task(self.look(service))
            looking.add_done_callback(_may_fail)
            self._looking[service] = looking
        return looking

    def _is_surely_closed(self, service: str) -> bool:
        known = self._known.get(service)
        return self._opened and known is not None and known.is_surely_closed(_now())

    async def _tell_good(self, service: str, token: str) -> None:
        if not self._is_news(service) and self._rule(service).failure_rate <= 0:
            return
        await self._tell("good", service, token)

    def _is_news(self, service: str) -> bool:
        """Whether a call that was no failure changes anything."""
        known = self._known.get(service)
        if not self._opened or known is None:
            return True
        return known.state is not BreakerState.CLOSED or known.failures > 0

    async def _tell(self, verb: str, service: str, token: str) -> None:
        # The call has ended; what became of it does not depend on whether Redis hears it.
        with suppress(RedisAway):
            await self._run(verb, service, token)

    async def _run(self, verb: str, service: str, token: str) -> "_Asked":
        key = f"{self._prefix}{{{service}}}"
        self.calls += 1
        try:
            raw = await self._script.run(
                self._client, key, (verb, token, self._rule(service).encode(self._channel))
            )
        except (RedisError, OSError) as error:
            self._known.pop(service, None)
            raise RedisAway(error) from error
        state, wait_ms, may, changed, failures = (int(one) for one in raw)
        asked = _Asked(BreakerState(state), wait_ms / 1000, bool(may), failures)
        self._note(service, asked.state, asked.wait_s, failures)
        if changed:
            log.warning("breaker.changed", service=service, state=asked.state.name.lower())
        return asked

    def _note(self, service: str, state: BreakerState, wait_s: float, failures: int) -> None:
        metrics.BREAKER_STATE.labels(service=service).set(state)
        before = self._known.get(service)
        refused = before.refused if before is not None and before.state is state else 0
        now = _now()
        self._known[service] = Known(state, now, now + wait_s, failures, refused)

    def _heard(self, key: str, said: list[Any]) -> None:
        state, wait_ms, failures = said
        service = key.partition("{")[2].removesuffix("}")
        self._note(service, BreakerState(state), wait_ms / 1000, failures)

    def _missed(self) -> None:
        self._known.clear()


@dataclass(frozen=True, slots=True)
class _Asked:
    state: BreakerState
    wait_s: float
    may: bool
    failures: int


def _may_fail(looking: "asyncio.Task[BreakerView]") -> None:
    # Whoever needs to know asks again.
    if not looking.cancelled():
        looking.exception()


def _now() -> float:
    return asyncio.get_running_loop().time()
