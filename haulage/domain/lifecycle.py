"""The one transition table. The database repeats it as CHECK constraints (storage/tables/).

A state changes only along `TRANSITIONS`. The terminal states are computed from the table: they are
those that no machine leaves. A redrive, somebody's decision, leaves `failed` and `cancelled`; it is
kept apart in `REDRIVABLE` so that no automatic path can take it.
"""

from enum import StrEnum

from haulage.domain.errors import IllegalTransition


class State(StrEnum):
    """Where a job stands."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.SCHEDULED: frozenset({State.QUEUED, State.CANCELLED, State.FAILED}),
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED, State.FAILED}),
    State.RUNNING: frozenset(
        {State.SUCCEEDED, State.FAILED, State.CANCELLED, State.SCHEDULED, State.WAITING}
    ),
    State.WAITING: frozenset({State.QUEUED, State.CANCELLED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}

TERMINAL: frozenset[State] = frozenset(s for s, following in TRANSITIONS.items() if not following)
LIVE: frozenset[State] = frozenset(TRANSITIONS) - TERMINAL
INITIAL: frozenset[State] = frozenset({State.SCHEDULED, State.QUEUED})
REDRIVABLE: frozenset[State] = frozenset({State.FAILED, State.CANCELLED})


class Reason(StrEnum):
    """Why a job is in its state, where the state alone does not say it."""

    RUN_AT = "run_at"
    RETRY = "retry"
    SNOOZE = "snooze"
    RESCUED = "rescued"
    GIVEN_BACK = "given_back"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_KEY = "unknown_key"
    CHILDREN = "children"
    REDRIVE = "redrive"
    DEADLINE = "deadline"
    QUARANTINED = "quarantined"


def may(current: State, target: State) -> bool:
    """Whether a machine may take a job from `current` to `target`."""
    return target in TRANSITIONS[current]


def require(current: State, target: State) -> None:
    """Raise `IllegalTransition` unless `may(current, target)`."""
    if not may(current, target):
        raise IllegalTransition(current, target)


def sources(target: State) -> tuple[State, ...]:
    """The states from which `target` may be entered, in the table's order."""
    return tuple(state for state, following in TRANSITIONS.items() if target in following)
