"""Keeps submitting over HTTP, and remembers what it was told.

An answer of 202 is a promise the checks hold the system to. A connection that broke after sending
promises nothing either way; such a submission is remembered as ambiguous and not sent again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import httpx

AMBIGUOUS = "ambiguous"
ACCEPTED = "accepted"
REFUSED = "refused"

MOST_AT_ONCE = 150
PATIENCE_S = 60.0
LONG_S = 52.0  # more than ten leases of five seconds


@dataclass(frozen=True)
class Kind:
    """One kind of job in the mix. `ends` is the state in which it has to end."""

    name: str
    type: str
    weight: float
    input: Callable[[Random], dict[str, Any]]
    ends: str = "succeeded"
    # Seconds from the 202 to the cancel; None: it is left alone.
    cancel_after_s: Callable[[Random], float] | None = None
    delayed: bool = False


# Another kind of job is another line here, and a handler in crew.py.
MIX = (
    Kind("plain", "chaos.plain", 55, lambda r: {"seconds": r.choice((0, 0, 0.05, 0.3))}),
    Kind("retrying", "chaos.retry", 14, lambda r: {"fail_times": r.randint(1, 3)}),
    Kind("steps", "chaos.steps", 14, lambda r: {"steps": 10, "seconds": r.uniform(0.05, 0.4)}),
    Kind("cpu", "chaos.cpu", 2.5, lambda r: {"steps": 10, "seconds": r.uniform(0.1, 0.2)}),
    Kind(
        "cancelled",
        "chaos.plain",
        7,
        lambda _: {"seconds": 250},
        ends="cancelled",
        cancel_after_s=lambda r: r.uniform(0.0, 6.0),
    ),
    Kind(
        "cancelled early",
        "chaos.plain",
        7,
        lambda _: {},
        ends="cancelled",
        cancel_after_s=lambda r: r.uniform(0.0, 3.0),
        delayed=True,
    ),
    Kind("parent", "chaos.parent", 3, lambda r: {"children": r.randint(1, 6), "seconds": 0.2}),
    Kind(
        "cancelled family",
        "chaos.parent",
        1,
        lambda _: {"children": 3, "seconds": 250},
        ends="cancelled",
        cancel_after_s=lambda r: r.uniform(0.0, 6.0),
    ),
)
LONG = Kind("long", "chaos.plain", 0, lambda _: {"seconds": LONG_S})
LONG_CPU = Kind("long cpu", "chaos.cpu_long", 0, lambda _: {"seconds": LONG_S})
PROBE = Kind("probe", "chaos.plain", 0, lambda _: {})
PROBE_CPU = Kind("probe cpu", "chaos.cpu_long", 0, lambda _: {})


@dataclass
class Asked:
    """One submission and what came of it."""

    key: int
    kind: Kind
    answer: str = REFUSED
    job_id: UUID | None = None


@dataclass
class Load:
    """Submits a mix at `rate` jobs a second until told to stop."""

    url: str
    random: Random
    rate: float
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(
            base_url=self.url, timeout=httpx.Timeout(30, connect=2), trust_env=False
        )

    async def run(self, stop: asyncio.Event, *, long_every_s: float, long_until_s: float) -> None:
        """Submit until `stop`; a long one every `long_every_s`, until `long_until_s`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        count = longs = 0
        weights = [kind.weight for kind in MIX]
        while not stop.is_set():
            elapsed_s = loop.time() - began
            while longs * long_every_s <= min(elapsed_s, long_until_s):
                self._begin(LONG_CPU if longs % 8 == 1 else LONG)
                longs += 1
            while count < elapsed_s * self.rate:
                count += 1
                if len(self._tasks) < MOST_AT_ONCE:
                    self._begin(self.random.choices(MIX, weights)[0])
            await asyncio.sleep(0.02)

    async def settle(self) -> None:
        """Wait for the submissions and cancels under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def submit(self, kind: Kind, *, delay_s: float | None = None) -> Asked:
        """Submit one job; tries again only where nothing can have been stored twice.

        One that is to be cancelled has an idempotency key, so that its id is known in the end:
        stored without an answer, it would sleep on and nobody could cancel it.
        """
        asked = Asked(len(self.asked), kind)
        self.asked.append(asked)
        body: dict[str, Any] = {
            "type": kind.type,
            "input": {"key": asked.key, **kind.input(self.random)},
        }
        if delay_s is not None:
            body["run_at"] = moment_in(delay_s)
        keyed = kind.cancel_after_s is not None
        headers = {"Idempotency-Key": f"chaos-{asked.key}"} if keyed else {}
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while asyncio.get_running_loop().time() < deadline:
            try:
                response = await self._http.post("/api/v1/jobs", json=body, headers=headers)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                await asyncio.sleep(0.1)
                continue
            except httpx.TransportError as error:
                if keyed:
                    await asyncio.sleep(0.1)
                    continue
                asked.answer = AMBIGUOUS
                self._count(type(error).__name__)
                return asked
            self._count(str(response.status_code))
            if response.status_code == 202:
                asked.answer = ACCEPTED
                asked.job_id = UUID(response.json()["id"])
                return asked
            if response.status_code not in (409, 429, 503):
                asked.answer = AMBIGUOUS
                return asked
            await asyncio.sleep(0.2)
        return asked

    async def state(self, job_id: UUID) -> dict[str, Any] | None:
        """The job by the API; None while that does not answer."""
        try:
            response = await self._http.get(f"/api/v1/jobs/{job_id}")
        except httpx.TransportError:
            return None
        found: dict[str, Any] | None = response.json() if response.status_code == 200 else None
        return found

    async def close(self) -> None:
        """Give the connections back."""
        for task in self._tasks:
            task.cancel()
        await self._http.aclose()

    def _begin(self, kind: Kind) -> None:
        task = asyncio.get_running_loop().create_task(self._live(kind))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _live(self, kind: Kind) -> None:
        asked = await self.submit(kind, delay_s=3600.0 if kind.delayed else None)
        if asked.job_id is not None and kind.cancel_after_s is not None:
            await asyncio.sleep(kind.cancel_after_s(self.random))
            await self._cancel(asked)

    async def _cancel(self, asked: Asked) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while asyncio.get_running_loop().time() < deadline:  # cancelling twice changes nothing
            try:
                response = await self._http.post(f"/api/v1/jobs/{asked.job_id}/cancel")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            self._count(f"cancel {response.status_code}")
            if response.is_success:
                return
            if response.status_code != 503:
                return
            await asyncio.sleep(0.2)

    def _count(self, answer: str) -> None:
        self.answers[answer] = self.answers.get(answer, 0) + 1


def moment_in(seconds: float) -> str:
    """The moment `seconds` from now, as the API takes it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
