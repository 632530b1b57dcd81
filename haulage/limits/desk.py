"""Where one process' calls to one pool wait for their turns.

Promises: who waits is woken at its moment, by a timer of its own, and asks no second time unless
the line moved otherwise than foreseen. A grant made in another process' call comes by push.
What Redis has lost is told again: who waits stands in line anew, calls under way are counted, and
counters that outlive Redis are made again from PostgreSQL.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis.asyncio as redis

from haulage.limits import rules
from haulage.limits.answers import Grant, Later, Never, Turn
from haulage.limits.clock import RedisClock
from haulage.limits.conversation import Answer, Conversation, Operation
from haulage.limits.errors import RedisAway
from haulage.limits.ledger import Ledger
from haulage.limits.limit import Pool
from haulage.limits.restoring import AWAY_RETRY_S, Restoring
from haulage.limits.script import Script
from haulage.telemetry import logs

log = logs.get(__name__)

# A process with calls in line is heard of at least this often: a push may have got lost.
HEARTBEAT_S = 5.0
ASK_AGAIN_S = 0.005
# How long `take` stays in line, in milliseconds: for ever, or not at all.
STAYS_MS, LEAVES_MS = 10**15, -1
# How much later than foreseen a turn may come before its call leaves the line.
LAG_S = 1.0
# What is said of a turn that only a settlement can bring.
UNFORESEEN_S = 1.0
TURNS_AT_ONCE = 16
# While Redis is away who is in line gives up after.
AWAY_PATIENCE_S = 10.0
# What Redis' clock and ours are apart at most.
SAME_MOMENT_S = 0.01
NEVER_FORESEEN = float("inf")


@dataclass(slots=True)
class _Waiter:
    turn: asyncio.Future[Grant | Never]
    request: Operation
    in_line: bool = False
    # When its turn should come.
    due_at: float = NEVER_FORESEEN


class Desk:
    """Of one event loop. `ledger` knows what outlives Redis; without it counters begin at 0."""

    def __init__(
        self,
        client: "redis.Redis",
        script: Script,
        *,
        pool: Callable[[], Pool],
        key: str,
        channel: str,
        clock: RedisClock,
        now: Callable[[], datetime],
        ledger: Ledger | None,
        unwritten_s: float,
    ) -> None:
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._waiters: dict[str, _Waiter] = {}
        # Calls that were let through: Redis' memory then, and how to tell it of them again.
        self._under_way: dict[str, tuple[str, Operation]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._away_since: float | None = None
        self._generation = ""
        # Until when nothing may go to which models.
        self._frozen: dict[str, float] = {}
        self.clock = clock
        self.talk = Conversation(
            client, script, self, pool=pool, key=key, channel=channel, clock=clock, now=now
        )
        self._restoring = Restoring(
            ledger, pool=pool, tell=self.talk.tell, over=self._adopt_all, unwritten_s=unwritten_s
        )

    async def turn(self, *request: Any, asked_us: int | None = None) -> Grant | Never:
        """Wait in line until let through; `request` is id, lane, requests, tokens, ttl in
        milliseconds. Cancelled, the turn goes to the next in line. Raises `RedisAway`. `asked_us`
        is its place in line (`clock.now_us`); without it, when Redis hears of it."""
        take = _take(request, STAYS_MS, asked_us)
        answer = await self._wait(take, take)
        assert not isinstance(answer, Later)
        return answer

    async def turn_within(
        self, patience_s: float, *request: Any, asked_us: int | None = None
    ) -> Turn:
        """Like `turn`, but whose turn is not foreseen to come within `patience_s`, or has not come
        by then, hears when to come again."""
        take = _take(request, round(1000 * patience_s), asked_us)
        return await self._wait(take, take, patience_s=patience_s)

    async def again(self, *request: Any) -> Grant | Never:
        """Another moment for a call that came too late for its own, before those behind it."""
        answer = await self._wait(["again", request[0]], _take(request, STAYS_MS, None))
        assert not isinstance(answer, Later)
        return answer

    async def attempt(self, *request: Any, asked_us: int | None = None) -> tuple[Turn, Any]:
        """Let through, or when to come again with the same id, and what its limits leave, as `left`
        in brakes.lua says it. Raises `RedisAway`."""
        both = _take(request, LEAVES_MS, asked_us), ["left", request[1]]
        answer, (_, found) = await self.talk.ask_all(*both)
        if isinstance(answer, Later) and await self._restoring.wait():
            answer, (_, found) = await self.talk.ask_all(*both)
        if isinstance(answer, Grant):
            self._under_way[request[0]] = (answer.generation, ["adopt", *request])
        return answer, found

    def settle(self, id: str, requests: int, tokens: int, born: str, lane: str) -> None:
        """At once where calls wait for each other's end, else with what comes next."""
        self._under_way.pop(id, None)
        soon = self._pool().has_places
        self.talk.tell("settle", id, requests, tokens, born, lane, soon=soon)

    def cancel(self, id: str) -> None:
        """Give the turn back."""
        self._under_way.pop(id, None)
        self.talk.tell("cancel", id)

    def brake(self, model: str, freeze_s: float) -> None:
        """The provider has refused a call: nothing goes to `model` until then, here at once."""
        until = self._loop.time() + freeze_s
        self._frozen[model] = max(until, self._frozen.get(model, 0.0))
        self.talk.tell("brake", model, round(freeze_s * 1000))

    def is_frozen(self, model: str, at: float) -> bool:
        """Whether a call that was let through for `at` must not go now, because of a refusal that
        the limiter did not know of then."""
        moment = max(self._loop.time(), at + SAME_MOMENT_S)
        return any(self._frozen.get(one, 0.0) > moment for one in ("", model))

    @property
    def waiting(self) -> int:
        """How many have been told to wait."""
        return sum(one.in_line for one in self._waiters.values())

    def hear(self, calls: list[tuple[str, Any]]) -> None:
        """Grants that came by push."""
        for call_id, at in calls:
            self._resolve(call_id, at)

    def ask_all_again(self) -> None:
        """Pushes may have gone unheard, and the line may be lost."""
        for call_id, waiter in self._waiters.items():
            if waiter.in_line and not waiter.turn.done():
                self.talk.tell("turn", call_id)

    def close(self) -> None:
        """Forget the timers."""
        if self._timer is not None:
            self._timer.cancel()
        self.talk.close()

    async def _wait(
        self, first: Operation, request: Operation, *, patience_s: float | None = None
    ) -> Turn:
        call_id: str = request[1]
        waiter = _Waiter(self._loop.create_future(), request)
        self._waiters[call_id] = waiter
        try:
            turn: Turn | None = await self.talk.ask(*first)
            if patience_s is None and not isinstance(turn, Grant | Never):
                turn = await waiter.turn
            elif patience_s is not None:
                turn = await self._patiently(waiter, turn, patience_s)
        except asyncio.CancelledError:
            self.cancel(call_id)
            raise
        finally:
            del self._waiters[call_id]
        assert turn is not None
        if isinstance(turn, Grant):
            self._under_way[call_id] = (turn.generation, ["adopt", *request[1:-2]])
        return turn

    async def _patiently(self, waiter: _Waiter, answer: Turn | None, patience_s: float) -> Turn:
        """The turn of a call that stands in line, or when to come again."""
        while not isinstance(answer, Grant | Never):
            if answer is not None and answer.parked:
                return answer
            await asyncio.wait({waiter.turn}, timeout=patience_s + LAG_S)
            if waiter.turn.done():
                return waiter.turn.result()
            # The line was slower than foreseen. Who was nearly there stays; where nobody could
            # foresee anything, it leaves.
            foreseen = answer is None or answer.foreseen
            *request, stay_ms, asked_us = waiter.request
            stay_ms = stay_ms if foreseen else LEAVES_MS
            answer = await self.talk.ask(*request, stay_ms, asked_us)
        return answer

    # ── What the conversation hears ──────────────────────────────────────────────────────────────

    def heard(self, answer: Answer) -> None:
        """Take note of what concerns others than those who asked."""
        self._away_since = None
        if self._generation not in ("", answer.generation):
            log.warning("limits.redis_forgot", under_way=len(self._under_way))
            self._adopt_all()
            self.ask_all_again()
        self._generation = answer.generation
        for model, until_ms in answer.frozen.items():
            self._frozen[model] = self.clock.local_moment(until_ms)
        for call_id, at in answer.granted:
            self._resolve(call_id, at)
        self._restoring.begin(answer.missing, known_for_s=answer.age_s)
        if answer.again:
            self.talk.tell("serve")

    def read(self, operation: Operation, said: Any, answer: Answer) -> Any:
        """The turn that `said` gives, or when it comes; other answers as they are."""
        waiter = self._waiters.get(operation[1]) if len(operation) > 1 else None
        match said:
            case ["granted", at]:
                turn: Grant | Never = self._grant(at)
            case ["never", code]:
                turn = Never(code)
            case ["wait", at, code, parked]:
                foreseen = at >= 0
                wait_s = max(0.0, (at - answer.now_ms) / 1000) if foreseen else UNFORESEEN_S
                if waiter is not None:
                    waiter.in_line = True
                    waiter.due_at = answer.heard_at + wait_s if foreseen else NEVER_FORESEEN
                return Later(wait_s, code, foreseen, parked)
            case ["unknown"] if operation[0] in ("turn", "again") and waiter is not None:
                # Redis has lost the line.
                self.talk.tell(*waiter.request)
                return None
            case _:
                return said
        if waiter is not None and not waiter.turn.done():
            waiter.turn.set_result(turn)
        return turn

    def away(self, error: RedisAway) -> None:
        """Who is in line waits for Redis, but not for ever."""
        now = self._loop.time()
        self._away_since = self._away_since or now
        for waiter in self._waiters.values():
            if waiter.in_line:
                waiter.due_at = now + AWAY_RETRY_S
                if now > self._away_since + AWAY_PATIENCE_S and not waiter.turn.done():
                    waiter.turn.set_exception(error)

    def rest(self) -> None:
        """Ask again when the first of ours should have its turn within the horizon."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [one.due_at for one in self._waiters.values() if not one.turn.done()]
        if waiting:
            now, lead_s = self._loop.time(), rules.HORIZON_MS / 2000
            due_at = min(min(waiting) - lead_s, now + HEARTBEAT_S)
            self._timer = self._loop.call_at(max(due_at, now + ASK_AGAIN_S), self._ask_again)

    def _adopt_all(self) -> None:
        """Have our calls under way counted, those that are not."""
        for born, adopt in self._under_way.values():
            if born != self._generation:
                self.talk.tell(*adopt)

    def _ask_again(self) -> None:
        soon = self._loop.time() + rules.HORIZON_MS / 2000 + ASK_AGAIN_S
        waiting = sorted(
            (waiter.due_at, call_id)
            for call_id, waiter in self._waiters.items()
            if waiter.in_line and not waiter.turn.done()
        )
        due = [call_id for due_at, call_id in waiting[:TURNS_AT_ONCE] if due_at <= soon]
        for call_id in due or [call_id for _, call_id in waiting[:1]]:
            self.talk.tell("turn", call_id)

    def _resolve(self, call_id: str, at: Any) -> None:
        # Unknown: cancelled while the grant was on its way, and its cancel is too.
        waiter = self._waiters.get(call_id)
        if waiter is not None and not waiter.turn.done():
            waiter.turn.set_result(Never(at[0]) if isinstance(at, list) else self._grant(at))

    def _grant(self, at_ms: float) -> Grant:
        return Grant(self.clock.local_moment(at_ms), self._generation)


def _take(request: Sequence[Any], stay_ms: int, asked_us: int | None) -> Operation:
    return ["take", *request, stay_ms, asked_us]
