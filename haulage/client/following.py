"""When to try again: after a broken request, and along a job's event stream. No I/O here."""

import time
from collections.abc import Callable, Iterator
from random import random
from typing import Any
from uuid import UUID

from haulage.client import calls
from haulage.client.address import Address
from haulage.client.calls import Call
from haulage.client.errors import ApiError, Unreachable
from haulage.client.models import Event, JobView
from haulage.client.sse import Parser

PAUSES_S = (0.1, 0.3, 0.9)
# And then, for one that has answered before: it may be restarting.
RESTART_PAUSES_S = (2.0, 2.0)
# A pause is up to this part of itself shorter or longer.
SPREAD = 0.25
PATIENCE_S = 30.0
RESUME_PAUSES_S = (0.1, 0.3, 1.0, 2.0)
RESUME_FOR_S = 60.0
SILENCE_S = 45.0
EMPTY_ENDS = 4
POLL_FIRST_S = 0.25
POLL_MOST_S = 5.0
# How long a question waits at the server: shorter than proxies on the way have patience.
WAIT_MOST_S = 25.0


class Broken(Exception):
    """The connection failed. `sent`: something of the request may have reached the server."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class Expired(Exception):
    """The time given to a wait is over."""


class Attempts:
    """The tries of one request: at most four, and none that would begin after `patience_s`. Where
    the server is `known`, one that has answered before, and no connection to it holds, two more.

    What broke is tried again where sending twice is the same as sending once, or nothing was sent.
    A refusal that passes (429, 502, 503, 504) is tried again no sooner than the server asks for;
    where twice is not once, only one that says that nothing was done.
    Pauses are spread by chance, so that many clients do not come back together.
    """

    def __init__(
        self,
        call: Call[Any],
        address: Address,
        *,
        patience_s: float = PATIENCE_S,
        known: bool = False,
        random: Callable[[], float] = random,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._call = call
        self._address = address
        self._random = random
        self._now = now
        self._last_start = now() + patience_s
        self._pauses = iter(PAUSES_S)
        self._restart_pauses = iter(RESTART_PAUSES_S if known else ())

    def pause_after(self, failure: Broken | ApiError) -> float:
        """Seconds until the next try; raises `Unreachable` or the refusal when there is none."""
        pause = next(self._pauses, None)
        if pause is None and isinstance(failure, Broken):
            pause = next(self._restart_pauses, None)
        if pause is not None and self._helps(failure):
            asked_s = getattr(failure, "retry_after_s", None) or 0.0
            pause = max(pause * (1 - SPREAD), asked_s) + 2 * SPREAD * pause * self._random()
            if self._now() + pause <= self._last_start:
                return pause
        if isinstance(failure, Broken):
            raise unreachable(self._address, failure) from failure
        raise failure

    def _helps(self, failure: Broken | ApiError) -> bool:
        if isinstance(failure, Broken):
            return self._call.repeatable or not failure.sent
        if failure.code == "idempotency_conflict":
            # Our own first try, whose answer was lost, is still under way.
            return True
        # These say that nothing was done; after others nobody knows.
        untouched = failure.status == 429 or failure.code == "overloaded"
        return failure.is_passing and (self._call.repeatable or untouched)


class Deadline:
    """The end of a wait; None never ends."""

    def __init__(self, timeout_s: float | None, now: Callable[[], float] = time.monotonic) -> None:
        self.timeout_s = timeout_s
        self._now = now
        self._end = None if timeout_s is None else now() + timeout_s

    def within(self, seconds: float) -> float:
        """`seconds`, or what is left if that is less; raises `Expired` when nothing is left."""
        if self._end is None:
            return seconds
        left = self._end - self._now()
        if left <= 0:
            raise Expired
        return min(seconds, left)


class Outage:
    """Pauses of one who comes back again and again to a server that may be restarting.

    One that has answered before is given a minute; one that never has is probably not there.
    """

    def __init__(
        self, address: Address, deadline: Deadline, now: Callable[[], float], *, known: bool
    ) -> None:
        self._address = address
        self._deadline = deadline
        self._now = now
        self._failures = 0
        self._answered = known
        self._since: float | None = None

    def answered(self) -> None:
        """The server is there."""
        self._answered = True
        self._since = None

    def is_over(self) -> None:
        """It works: the next pause is a short one again."""
        self._failures = 0

    def next_pause(self) -> float:
        """Longer each time; raises `Expired`."""
        pause = RESUME_PAUSES_S[min(self._failures, len(RESUME_PAUSES_S) - 1)]
        self._failures += 1
        return self._deadline.within(pause)

    def pause_after(self, failure: Broken | ApiError) -> float:
        """Seconds until it is tried again; raises what nobody can wait for."""
        if isinstance(failure, ApiError) and not failure.is_passing:
            raise failure
        if self._since is None:
            self._since = self._now()
        patience_s = RESUME_FOR_S if self._answered else sum(PAUSES_S)
        if self._now() - self._since > patience_s:
            if isinstance(failure, ApiError):
                raise failure
            raise unreachable(self._address, failure) from failure
        return max(self.next_pause(), getattr(failure, "retry_after_s", None) or 0.0)


class Waiting:
    """A wait for one job's end, by questions that the server answers at the end (`Prefer: wait`).

    A server that answers at once although the job goes on is asked ever more seldom instead.
    """

    def __init__(
        self,
        job_id: UUID | str,
        address: Address,
        deadline: Deadline,
        *,
        known: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job_id = job_id
        self._deadline = deadline
        self._now = now
        self._outage = Outage(address, deadline, now, known=known)
        self._pause_s = POLL_FIRST_S
        self._asked_at = now()

    def call(self) -> Call[JobView]:
        """The next question; raises `Expired`."""
        self._asked_at = self._now()
        return calls.get(self._job_id, wait_s=int(self._deadline.within(WAIT_MOST_S)))

    def pause(self) -> float:
        """The job goes on: seconds until the next question; raises `Expired`."""
        self._outage.answered()
        self._outage.is_over()
        pause_s, took_s = self._pause_s, self._now() - self._asked_at
        if took_s >= pause_s:
            return self._deadline.within(0.0)
        self._pause_s = min(pause_s * 1.5, POLL_MOST_S)
        return self._deadline.within(pause_s - took_s)

    def pause_after(self, failure: Broken | ApiError) -> float:
        """Seconds until the next question; raises what ends the wait."""
        return self._outage.pause_after(failure)


class Following:
    """Where a reader of one job's events stands, over as many connections as it takes.

    Invariant: events come out once each, in order; after a break the next connection asks for what
    follows `last_id`. `over` is set only when the server itself has nothing more to send: a stream
    that ended after a terminal state, or one that ended empty although the job was already known
    to be over. The latter must repeat itself when the end was still missing: a proxy in trouble
    can end a stream early as if it were whole.
    """

    def __init__(
        self,
        job_id: UUID | str,
        address: Address,
        *,
        after: int = 0,
        deadline: Deadline | None = None,
        known: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.job_id = job_id
        self.last_id = after
        self.over = False
        self._deadline = deadline or Deadline(None)
        self._parser = Parser()
        self._last_is_terminal = False
        self._after = after
        self._yielded = False
        self._job_was_over = False
        self._empty_ends = 0
        self._outage = Outage(address, self._deadline, now, known=known)

    def call(self) -> Call[None]:
        """The request of the next connection."""
        self._parser = Parser()
        self._yielded = False
        return calls.events(self.job_id, self.last_id)

    def silence_s(self) -> float:
        """How long a connection may say nothing before it counts as broken; raises `Expired`."""
        return self._deadline.within(SILENCE_S)

    def connected(self) -> None:
        """The server answered with a stream. A silent one is no failure, only a silent job."""
        self._outage.answered()

    def take(self, chunk: bytes) -> Iterator[Event]:
        """The new events in `chunk`; raises `Expired` once the deadline has passed."""
        self._outage.is_over()
        for event in self._parser.feed(chunk):
            if event.id and event.id <= self.last_id:
                continue
            self.last_id = event.id or self.last_id
            self._last_is_terminal = event.is_terminal
            self._yielded = True
            yield event
        self._deadline.within(0)

    def is_complete(self) -> bool:
        """Whether a stream that ended in good order was the last; if not, look at the job."""
        empty = self._job_was_over and not self._yielded
        self._empty_ends = self._empty_ends + 1 if empty else 0
        enough = 1 if self.last_id == self._after else EMPTY_ENDS
        self.over = self._last_is_terminal or self._empty_ends >= enough
        return self.over

    def pause_after_end(self, job: JobView) -> float:
        """The stream ended, but its last event was not the job's end: seconds until the next."""
        # Events of a job that was over before the connection began can't be missing from it.
        self._job_was_over = job.is_terminal
        if self._yielded:
            return 0.0
        return self._outage.next_pause()

    def pause_after(self, failure: Broken | ApiError) -> float:
        """Seconds until the next connection; raises what ends the stream."""
        return self._outage.pause_after(failure)


def unreachable(address: Address, broken: Broken) -> Unreachable:
    """What to tell somebody whose API does not answer."""
    verb = "broke off" if broken.sent else "failed"
    return Unreachable(
        f"No Haulage API answers at {address.url} ({address.source}): "
        f"the connection {verb}: {broken}.",
        url=address.url,
        hint="Start one with `haulage up`, or say where it is with HAULAGE_URL.",
    )
