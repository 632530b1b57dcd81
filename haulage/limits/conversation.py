"""What one process says to the script about one pool, and hears.

Promises: one call is under way at a time and takes along everything that gathered meanwhile. What
was told and not heard, because Redis is away, is told again when it is back.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import redis.asyncio as redis
from redis.exceptions import RedisError

from haulage.limits import rules
from haulage.limits.clock import RedisClock
from haulage.limits.errors import RedisAway
from haulage.limits.limit import Pool
from haulage.limits.script import Script

# What is heard together goes on together: more would hold up those whose moment comes.
BATCH = 100
# What nobody can be waiting for goes along with the next call, or alone after this.
LINGER_S = 0.025
RULES_FOR_S = 30.0
TOLD_AGAIN, UNHEARD_AT_MOST = {"settle", "cancel", "abandon"}, 10_000

Operation = list[Any]
_Asked = tuple[Operation, asyncio.Future[Any] | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A call's answer. `granted` are the caller's calls that were let through beside those it asked
    about; `missing` the counters that PostgreSQL must tell; `again`: more can go at once; `frozen`:
    until when nothing may go to which models, '' being all of them."""

    now_ms: float
    heard_at: float
    generation: str
    answers: list[Any]
    granted: list[tuple[str, Any]]
    missing: list[str]
    again: bool
    frozen: dict[str, float]

    @property
    def age_s(self) -> float:
        """For how long Redis has known the pool."""
        return (self.now_ms - float(self.generation.rpartition(" ")[2])) / 1000


class Listener(Protocol):
    """Who is told what is heard."""

    def heard(self, answer: Answer) -> None:
        """A call was answered, before those who asked are."""
        ...

    def read(self, operation: Operation, said: Any, answer: Answer) -> Any:
        """What `said` means to whoever asked for `operation`."""
        ...

    def away(self, error: RedisAway) -> None:
        """A call was not answered."""
        ...

    def rest(self) -> None:
        """Nothing more is to be said now."""
        ...


class Conversation:
    """The pool as it is configured now is asked for at each call: limits change at run time."""

    def __init__(
        self,
        client: "redis.Redis",
        script: Script,
        listener: Listener,
        *,
        pool: Callable[[], Pool],
        key: str,
        channel: str,
        clock: RedisClock,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._script = script
        self._listener = listener
        self._pool = pool
        self._key = key
        self._channel = channel
        self._clock = clock
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._asked: list[_Asked] = []
        self._unheard: deque[Operation] = deque(maxlen=UNHEARD_AT_MOST)
        self._sending: asyncio.Task[None] | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self._rules: tuple[Pool, float, str] | None = None
        self.calls = 0

    async def ask(self, *operation: Any) -> Any:
        """One operation's answer; raises `RedisAway`."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._asked.append((list(operation), answer))
        self._start()
        return await answer

    async def ask_all(self, *operations: Operation) -> list[Any]:
        """The answers to some that go in one call; raises `RedisAway`."""
        return await asyncio.gather(*(self.ask(*operation) for operation in operations))

    def tell(self, *operation: Any, soon: bool = True) -> None:
        """An operation whose answer nobody waits for; not `soon`, it goes along with others."""
        self._asked.append((list(operation), None))
        if soon:
            self._start()
        elif self._sending is None and self._lingering is None:
            self._lingering = self._loop.call_later(LINGER_S, self._start)

    async def drain(self) -> None:
        """Wait until everything that was said is written, or Redis is away."""
        while self._asked or self._sending is not None:
            self._start()
            assert self._sending is not None
            await asyncio.wait({self._sending})

    def close(self) -> None:
        """Forget the timer."""
        if self._lingering is not None:
            self._lingering.cancel()

    def _start(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        if self._sending is None:
            self._sending = self._loop.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._asked:
                batch, self._asked = self._asked[:BATCH], self._asked[BATCH:]
                await self._call(batch)
        finally:
            self._sending = None
            self._listener.rest()

    async def _call(self, batch: list[_Asked]) -> None:
        operations = json.dumps([operation for operation, _ in batch], separators=(",", ":"))
        self.calls += 1
        sent_at = self._loop.time()
        try:
            raw = await self._script.run(
                self._client, self._key, (self._channel, self._encoded_rules(), operations)
            )
        except (RedisError, OSError) as error:
            self._go_without(batch, RedisAway(error))
            return
        heard_at = self._loop.time()
        now_ms, generation, answers, granted, missing, again, frozen = json.loads(raw)
        self._clock.compare(now_ms, sent_at=sent_at, heard_at=heard_at)
        answer = Answer(
            now_ms,
            heard_at,
            generation,
            answers,
            list(granted),
            list(missing),
            bool(again),
            dict(frozen),
        )
        self._listener.heard(answer)
        for (operation, future), said in zip(batch, answers, strict=True):
            read = self._listener.read(operation, said, answer)
            if future is not None and not future.done():
                future.set_result(read)
        if self._unheard:
            self._asked[:0] = [(operation, None) for operation in self._unheard]
            self._unheard.clear()

    def _go_without(self, batch: list[_Asked], away: RedisAway) -> None:
        for operation, future in batch:
            if future is None:
                if operation[0] in TOLD_AGAIN:
                    self._unheard.append(operation)
            elif not future.done():
                future.set_exception(away)
        self._listener.away(away)

    def _encoded_rules(self) -> str:
        pool, at = self._pool(), self._loop.time()
        if self._rules is None or self._rules[0] is not pool or at > self._rules[1]:
            self._rules = (pool, at + RULES_FOR_S, rules.encode(pool, self._now()))
        return self._rules[2]
