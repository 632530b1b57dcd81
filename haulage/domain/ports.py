"""What the engine asks of the world outside it, where there is more than one answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from haulage.domain.job import Priority


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
