"""Clients as an application would write them: jobs submitted and read through nginx, with a key.

Every submit has an `Idempotency-Key`, every read changes nothing; so each may be tried again, and
is, by the policy of `haulage.Client`: four tries at most, after pauses of about 0.1, 0.3 and 0.9 s
or what `Retry-After` says. What each try was told is kept: a client that saw no error had one try.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from chaos.load import ACCEPTED, AMBIGUOUS, Asked, Kind, moment_in
from haulage.client.address import Address
from haulage.client.calls import Call as ApiCall
from haulage.client.errors import ApiError, Unreachable
from haulage.client.following import Attempts, Broken
from haulage.domain.lifecycle import TERMINAL
from scenarios.wire import Answer, Wire

LOOK_AGAIN_S = 0.5
AGAIN = {429, 502, 503, 504}


def waiting(seconds: float) -> Kind:
    """Jobs of the io pool that wait."""
    return Kind("waits", "chaos.plain", 0, lambda _: {"seconds": seconds})


@dataclass(frozen=True)
class Error:
    """What one try was told instead of an answer, and when."""

    at: float
    what: str


@dataclass(frozen=True)
class Call:
    """What a client wanted, and how it went. Each try but the last ended in an error."""

    what: str
    at: float
    took_s: float
    answered: bool
    errors: tuple["Error", ...]
    by: int = 0  # which address answered


@dataclass
class Clients:
    """Submit `rate` jobs of `kind` a second, and read each until it is over.

    `addresses` are asked in their order: one that refuses the connection leaves the next.
    """

    addresses: Sequence[str]
    key: str | None
    random: Random
    kind: Kind
    rate: float
    lasts_s: float
    asked: list[Asked] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    asked_at: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._wire = Wire({"Authorization": f"Bearer {self.key}"} if self.key else {})
        self._tasks: set[asyncio.Task[None]] = set()
        self._behind_s = 0.0

    @property
    def most_behind_s(self) -> float:
        """How far these clients fell behind their own timetable."""
        return self._behind_s

    async def run(self, stop: asyncio.Event) -> None:
        """Submit on a timetable until `stop`, however long each answer takes."""
        loop = asyncio.get_running_loop()
        began, count = loop.time(), 0
        while not stop.is_set():
            due = began + count / self.rate
            await asyncio.sleep(due - loop.time())
            self._behind_s = max(self._behind_s, loop.time() - due)
            count += 1
            task = loop.create_task(self._live())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until every job under way is over."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def submit(self, kind: Kind, *, delay_s: float | None = None) -> Asked:
        """Submit one job."""
        asked = Asked(len(self.asked), kind, answer=AMBIGUOUS)
        self.asked.append(asked)
        self.asked_at[asked.key] = time.time()
        body: dict[str, Any] = {
            "type": kind.type,
            "input": {"key": asked.key, **kind.input(self.random)},
        }
        if delay_s is not None:
            body["run_at"] = moment_in(delay_s)
        answer = await self._call(
            "submit",
            "/api/v1/jobs",
            body=body,
            headers={"Idempotency-Key": f"scenario-{asked.key}"},
        )
        if answer is not None and answer.status == 202:
            asked.answer = ACCEPTED
            asked.job_id = UUID(answer.json()["id"])
        return asked

    async def state(self, job_id: UUID) -> dict[str, Any] | None:
        """The job; None when nobody said."""
        answer = await self._call("read", f"/api/v1/jobs/{job_id}")
        if answer is None or answer.status != 200:
            return None
        job: dict[str, Any] = answer.json()
        return job

    async def close(self) -> None:
        """Give the connections back."""
        for task in self._tasks:
            task.cancel()
        await self._wire.close()

    def between(self, since: float, until: float = float("inf")) -> list[Call]:
        """The calls that began then."""
        return [one for one in self.calls if since <= one.at < until]

    async def _live(self) -> None:
        asked = await self.submit(self.kind)
        if asked.job_id is None:
            return
        await asyncio.sleep(self.lasts_s)
        while True:
            job = await self.state(asked.job_id)
            if job is not None and job["state"] in TERMINAL:
                return
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _call(
        self, what: str, path: str, *, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer | None:
        """None when our client's policy says to give up."""
        began = time.time()
        errors: list[Error] = []
        method = "GET" if body is None else "POST"
        policy = Attempts(
            ApiCall(method, path, lambda _: None),
            Address(self.addresses[0], "given"),
            random=self.random.random,
        )
        while True:
            for number, address in enumerate(self.addresses):
                failure: Broken | ApiError
                try:
                    answer = await self._wire.ask(method, address, path, body=body, headers=headers)
                except ConnectionRefusedError:
                    errors.append(Error(time.time(), "connection refused"))
                    failure = Broken("connection refused", sent=False)
                    continue
                except (OSError, EOFError) as error:
                    errors.append(Error(time.time(), type(error).__name__))
                    failure = Broken(type(error).__name__, sent=True)
                    break
                if answer.status not in AGAIN:
                    answered = answer.status < 400
                    self._note(what, began, errors, by=number, answered=answered)
                    return answer
                errors.append(Error(time.time(), str(answer.status)))
                failure = ApiError(answer.status, "", "", retry_after_s=answer.retry_after_s)
                break
            try:
                pause_s = policy.pause_after(failure)
            except (Unreachable, ApiError):
                self._note(what, began, errors, by=0, answered=False)
                return None
            await asyncio.sleep(pause_s)

    def _note(
        self, what: str, began: float, errors: list[Error], *, by: int, answered: bool
    ) -> None:
        took_s = time.time() - began
        self.calls.append(Call(what, began, took_s, answered, tuple(errors), by))


def errors_between(calls: Sequence[Call], since: float, until: float) -> dict[str, int]:
    """How often each error was seen then, in whichever call."""
    return dict(
        Counter(error.what for one in calls for error in one.errors if since <= error.at < until)
    )
