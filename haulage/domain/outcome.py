"""How an attempt ended. Handlers return or raise; the executor alone makes outcomes of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from haulage.domain.holdup import Holdup
from haulage.domain.lifecycle import Reason, State


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as the API shows it: a stable code, a sentence, and whether another try can help."""

    code: str
    message: str
    retryable: bool
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Succeeded:
    """`result` is JSON text."""

    result: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The run is over; the job becomes a dead letter."""

    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Somebody asked for it; who is already in the job's row."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Another attempt after `delay_s` seconds."""

    delay_s: float
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class Snooze:
    """The same attempt again after `delay_s` seconds, or `until` where that is said: it is handed
    back, never the fence."""

    delay_s: float
    reason: str = Reason.SNOOZE
    until: datetime | None = None
    holdup: Holdup | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The handler spawned children and gave its slot up until they are done."""


Outcome: TypeAlias = Succeeded | Failed | Cancelled | Retry | Snooze | Waiting


def target_state(outcome: Outcome) -> State:
    """The state that `outcome` leads to from `running`."""
    match outcome:
        case Succeeded():
            return State.SUCCEEDED
        case Failed():
            return State.FAILED
        case Cancelled():
            return State.CANCELLED
        case Retry() | Snooze():
            return State.SCHEDULED
        case Waiting():
            return State.WAITING
