"""What the engine asks of the world outside it, where there is more than one answer."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from haulage.domain.job import Priority
from haulage.domain.language_model import ModelUsage, Vector
from haulage.domain.limits import Asker


@dataclass(frozen=True, slots=True)
class Bell:
    """One job to ring: `rings` counts its doorbells from 1, `retry` picks the retry lane, `alone`
    that of jobs that must have a process for themselves."""

    job_id: UUID
    queue: str
    priority: Priority
    rings: int
    retry: bool
    alone: bool = False
    # The job's, for its message.
    traceparent: str | None = None


class Doorbell(Protocol):
    """Tells workers that jobs are ready. A ring may be lost or doubled; both are harmless."""

    def ring(self, bells: Iterable[Bell]) -> None:
        """Send soon, from any thread, without waiting and without raising."""
        ...


class EventBell(Protocol):
    """Tells readers of event streams that a job has new events. May be lost."""

    def rang(self, job_ids: Iterable[UUID]) -> None:
        """Send soon, from the event loop's thread, without waiting and without raising."""
        ...


class WorkerBell(Protocol):
    """Wakes workers' heartbeats so that they look for orders now. May be lost: they look anyway."""

    def wake(self, worker_ids: Sequence[UUID]) -> None:
        """Send soon, from the event loop's thread, without waiting and without raising."""
        ...


class Silent:
    """All bells, for processes and tests that have no Redis: the dispatcher and polls find all."""

    def ring(self, bells: Iterable[Bell]) -> None: ...

    def rang(self, job_ids: Iterable[UUID]) -> None: ...

    def wake(self, worker_ids: Sequence[UUID]) -> None: ...


class Pass(Protocol):
    """The right to make one call of a provider."""

    def observe(self, headers: Mapping[str, str]) -> None:
        """The headers of the provider's answer, names in lower case, whatever its status."""
        ...

    def settle(self, *, input_tokens: int, output_tokens: int) -> None:
        """What the call has really used, in the place of the estimate."""
        ...


class RoadPass(Pass, Protocol):
    """A pass as the traffic gives it: its moment is known, and a little ahead."""

    async def depart(self) -> None:
        """Wait for the moment, right before the first byte goes: what must be prepared is. Who is
        late by then waits for another one. Raises `Snoozed`, `NotRetryable`."""
        ...


class Traffic(Protocol):
    """Says when a call may go: limits, quotas and circuit breakers of all processes together."""

    def hold(
        self, provider: str, asker: Asker, *, tokens: int, ticket: str | None = None
    ) -> AbstractAsyncContextManager[RoadPass]:
        """Wait for a pass, reserving `tokens` (input and expected output), and hold it meanwhile.

        Raises `Snoozed` when the wait is long, `NotRetryable` when the call never fits. Who comes
        again with the same `ticket` has kept the place in line. An error that leaves the block
        tells how the call ended: `RateLimited` with what the provider asks for,
        `ProviderUnavailable` counts against the provider.
        """
        ...

    def leave(self, provider: str, asker: Asker, *, ticket: str) -> None:
        """Nobody will come again with this ticket."""
        ...

    def abandon(self, jobs: Iterable[UUID]) -> None:
        """Nobody will come again with a ticket of these jobs: a ticket begins with its job's id and
        a full stop. Does not wait for it to be so."""
        ...


class UsageLedger(Protocol):
    """Sums what tenants use of each model, day by day."""

    def add(self, *, tenant: str, provider: str, model: str, usage: ModelUsage) -> None:
        """Have it written soon, from the event loop's thread, without waiting."""
        ...


class VectorCache(Protocol):
    """Remembers vectors by a digest of what they were made of. May forget any of them."""

    async def get(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        """Those that are known."""
        ...

    async def put(self, vectors: Mapping[bytes, Vector]) -> None:
        """Remember."""
        ...


class FreePass:
    """Of a road without limits."""

    def observe(self, headers: Mapping[str, str]) -> None: ...

    async def depart(self) -> None: ...

    def settle(self, *, input_tokens: int, output_tokens: int) -> None: ...


class Forgetful:
    """A cache that keeps nothing."""

    async def get(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        del keys
        return {}

    async def put(self, vectors: Mapping[bytes, Vector]) -> None: ...


class FreeRoad:
    """Traffic without limits, and a ledger that keeps nothing: for tests and for what is free."""

    @asynccontextmanager
    async def hold(
        self, provider: str, asker: Asker, *, tokens: int, ticket: str | None = None
    ) -> AsyncIterator[RoadPass]:
        del provider, asker, tokens, ticket
        yield FreePass()

    def leave(self, provider: str, asker: Asker, *, ticket: str) -> None: ...

    def abandon(self, jobs: Iterable[UUID]) -> None: ...

    def add(self, *, tenant: str, provider: str, model: str, usage: ModelUsage) -> None: ...
