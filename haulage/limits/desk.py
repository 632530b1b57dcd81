"""One process' conversation with Redis about one pool.

Promises: one call is under way at a time and takes along everything that gathered meanwhile; who
waits is woken at its moment, by a timer of its own, and asks no second time unless the line moved
otherwise than foreseen. A grant made in another process' call comes by push (`hear`).
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError

from haulage.limits import rules
from haulage.limits.answers import Grant, Later, Never
from haulage.limits.errors import RedisAway
from haulage.limits.limit import Pool
from haulage.limits.script import LIMITER, Script

BATCH = 250
# Who waits for a settlement, or whose push got lost, asks again after this.
HEARTBEAT_S = 5.0
ASK_AGAIN_S = 0.005
TURNS_AT_ONCE = 16
# A settlement that nobody can be waiting for goes along with the next call, or alone after this.
LINGER_S = 0.025
RULES_FOR_S = 30.0

# While Redis is away: asked again this often; who is in line gives up after; what is said again.
AWAY_RETRY_S, AWAY_PATIENCE_S = 1.0, 10.0
TOLD_AGAIN, UNHEARD_AT_MOST = {"settle", "cancel"}, 10_000

Operation = list[Any]
_Asked = tuple[Operation, asyncio.Future[Any] | None]


@dataclass(slots=True)
class _Waiter:
    turn: asyncio.Future[Grant | Never]
    due_at: float
    request: Operation


class Desk:
    """The pool as it is configured now is asked for at each call: limits change at run time."""

    def __init__(
        self,
        client: "redis.Redis",
        *,
        pool: Callable[[], Pool],
        key: str,
        channel: str,
        now: Callable[[], datetime],
        script: Script | None = None,
    ) -> None:
        self._client = client
        self._pool = pool
        self._key = key
        self._channel = channel
        self._now = now
        self._script = script or Script(*LIMITER)
        self._loop = asyncio.get_running_loop()
        self._asked: list[_Asked] = []
        self._unheard: deque[Operation] = deque(maxlen=UNHEARD_AT_MOST)
        self._away_since: float | None = None
        self._sending: asyncio.Task[None] | None = None
        self._waiters: dict[str, _Waiter] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self._rules: tuple[Pool, float, str] | None = None
        # Redis' clock and this loop's: what to add, once divided, to get from one to the other.
        self._ahead_s: float | None = None
        self.generation = ""
        self.calls = 0

    async def ask(self, *operation: Any) -> Any:
        """One operation's answer; raises `RedisAway`."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._enqueue(list(operation), answer)
        return await answer

    def tell(self, *operation: Any) -> None:
        """An operation whose answer nobody waits for."""
        self._enqueue(list(operation), None)

    def settle(self, *operation: Any) -> None:
        """Tell, at once where calls wait for each other's end, else with what comes next."""
        if self._pool().has_places:
            return self.tell("settle", *operation)
        self._asked.append((["settle", *operation], None))
        if self._sending is None and self._lingering is None:
            self._lingering = self._loop.call_later(LINGER_S, self._start_sending)
        return None

    async def turn(
        self, id: str, lane: str, requests: int, tokens: int, ttl_ms: int
    ) -> Grant | Never:
        """Wait in line until let through. Cancelled, the turn goes to the next in line."""
        request: Operation = ["take", id, lane, requests, tokens, ttl_ms, True]
        return await self._wait(id, request, request)

    async def again(
        self, id: str, lane: str, requests: int, tokens: int, ttl_ms: int
    ) -> Grant | Never:
        """Another moment for a call that came too late for its own, before those behind it."""
        request: Operation = ["take", id, lane, requests, tokens, ttl_ms, True]
        return await self._wait(id, ["again", id], request)

    async def _wait(self, id: str, first: Operation, request: Operation) -> Grant | Never:
        waiter = _Waiter(self._loop.create_future(), float("inf"), request)
        self._waiters[id] = waiter
        try:
            answer = await self.ask(*first)
            if isinstance(answer, Grant | Never):
                return answer
            return await waiter.turn
        except asyncio.CancelledError:
            self.tell("cancel", id)
            raise
        finally:
            del self._waiters[id]

    @property
    def waiting(self) -> int:
        """How many have been told to wait."""
        return sum(one.due_at < float("inf") for one in self._waiters.values())

    def ask_all_again(self) -> None:
        """Pushes may have gone unheard, and the line may be lost."""
        for call_id, waiter in self._waiters.items():
            if not waiter.turn.done() and waiter.due_at < float("inf"):
                self.tell("turn", call_id)

    def hear(self, calls: list[tuple[str, Any]]) -> None:
        """Grants that came by push."""
        for call_id, at in calls:
            self._resolve(call_id, at)

    async def drain(self) -> None:
        """Wait until everything that was said is written, or Redis is away."""
        while self._asked or self._sending is not None:
            self._start_sending()
            assert self._sending is not None
            await asyncio.wait({self._sending})

    def close(self) -> None:
        """Forget the timers."""
        for timer in (self._timer, self._lingering):
            if timer is not None:
                timer.cancel()

    def _enqueue(self, operation: Operation, answer: asyncio.Future[Any] | None) -> None:
        self._asked.append((operation, answer))
        self._start_sending()

    def _start_sending(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        if self._sending is None:
            self._sending = self._loop.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._asked:
                if self._unheard and self._away_since is None:
                    self._asked[:0] = [(operation, None) for operation in self._unheard]
                    self._unheard.clear()
                batch, self._asked = self._asked[:BATCH], self._asked[BATCH:]
                await self._call(batch)
        finally:
            self._sending = None
            self._set_timer()

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
        self._away_since = None
        heard_at = self._loop.time()
        now_ms, self.generation, answers, granted, _missing, more = json.loads(raw)
        self._compare_clocks(now_ms / 1000, sent_at, heard_at)
        for (operation, future), answer in zip(batch, answers, strict=True):
            read = self._read(operation, answer, now_ms, heard_at)
            if future is not None and not future.done():
                future.set_result(read)
        for call_id, at in granted:
            self._resolve(call_id, at)
        if more:
            self._asked.append((["serve"], None))

    def _go_without(self, batch: list[_Asked], away: RedisAway) -> None:
        """Who asked hears that Redis is away. What was told is said again when it is back: it
        changes nothing if it was heard. Who is in line waits for it, but not for ever."""
        for operation, future in batch:
            if future is not None:
                if not future.done():
                    future.set_exception(away)
            elif operation[0] in TOLD_AGAIN:
                self._unheard.append(operation)
        now = self._loop.time()
        self._away_since = self._away_since or now
        for waiter in self._waiters.values():
            if waiter.due_at < float("inf"):
                waiter.due_at = now + AWAY_RETRY_S
                if now > self._away_since + AWAY_PATIENCE_S and not waiter.turn.done():
                    waiter.turn.set_exception(away)

    def _read(self, operation: Operation, answer: Any, now_ms: float, heard_at: float) -> Any:
        match answer:
            case ["granted", at]:
                result: Any = self._grant(at)
            case ["never", code]:
                result = Never(code)
            case ["wait", at, code]:
                result = Later(max(0.0, (at - now_ms) / 1000), code)
                waiter = self._waiters.get(operation[1])
                if waiter is not None:
                    waiter.due_at = heard_at + min(result.wait_s, HEARTBEAT_S)
                return result
            case ["unknown"] if operation[0] in ("turn", "again") and operation[1] in self._waiters:
                # Redis has lost the line.
                self._enqueue(self._waiters[operation[1]].request, None)
                return None
            case _:
                return answer
        waiter = self._waiters.get(operation[1])
        if waiter is not None and not waiter.turn.done():
            waiter.turn.set_result(result)
        return result

    def _resolve(self, id: str, at: Any) -> None:
        waiter = self._waiters.get(id)
        if waiter is None:
            # Cancelled while the grant was on its way; its cancel is too.
            return
        if not waiter.turn.done():
            waiter.turn.set_result(Never(at[0]) if isinstance(at, list) else self._grant(at))

    def _grant(self, at_ms: float) -> Grant:
        assert self._ahead_s is not None
        return Grant(at_ms / 1000 + self._ahead_s, self.generation)

    def _compare_clocks(self, theirs_s: float, sent_at: float, heard_at: float) -> None:
        """Redis read its clock between these two moments of ours. The smallest distance seen is
        the best one, until a clock is set or drifts: then it lies outside what this call allows."""
        least, most = sent_at - theirs_s, heard_at - theirs_s
        if self._ahead_s is None or not least <= self._ahead_s <= most:
            self._ahead_s = most

    def _set_timer(self) -> None:
        """Ask again when the first of ours should have its turn within the horizon."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [one.due_at for one in self._waiters.values() if not one.turn.done()]
        if not waiting or min(waiting) == float("inf"):
            return
        due_at = min(waiting) - rules.HORIZON_MS / 2000
        self._timer = self._loop.call_at(
            max(due_at, self._loop.time() + ASK_AGAIN_S), self._ask_again
        )

    def _ask_again(self) -> None:
        soon = self._loop.time() + rules.HORIZON_MS / 2000 + ASK_AGAIN_S
        due = [
            (waiter.due_at, call_id)
            for call_id, waiter in self._waiters.items()
            if waiter.due_at <= soon and not waiter.turn.done()
        ]
        for _, call_id in sorted(due)[:TURNS_AT_ONCE]:
            self.tell("turn", call_id)

    def _encoded_rules(self) -> str:
        pool, at = self._pool(), self._loop.time()
        if self._rules is None or self._rules[0] is not pool or at > self._rules[1]:
            self._rules = (pool, at + RULES_FOR_S, rules.encode(pool, self._now()))
        return self._rules[2]
