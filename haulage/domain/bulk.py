"""Bulk operations: one decision about all jobs that a filter means.

The filter is frozen: it means the jobs that were created before a moment, and of those that are
over only what was over then. Each operation is a job of the type `TYPE`, in a queue of its own, so
that a full or paused queue holds none up that should empty it.
"""

from enum import StrEnum

from haulage.domain.lifecycle import LIVE, REDRIVABLE, State

TYPE = "haulage.bulk"
QUEUE = "haulage"


class Action(StrEnum):
    """What is done to each job."""

    CANCEL = "cancel"
    RETRY = "retry"
    REDRIVE = "redrive"
    DISCARD = "discard"


# The states that an action changes. What was discarded is left alone by all of them.
TAKES: dict[Action, frozenset[State]] = {
    Action.CANCEL: LIVE,
    Action.RETRY: REDRIVABLE,
    Action.REDRIVE: frozenset({State.FAILED}),
    Action.DISCARD: frozenset({State.FAILED}),
}
