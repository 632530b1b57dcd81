"""What a job should be after all that was done to it, in a model small enough to be right."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from haulage.domain.job import NewJob
from haulage.domain.lifecycle import LIVE, REDRIVABLE, State, may
from haulage.domain.outcome import Cancelled, Outcome, Retry, Snooze, Waiting, target_state
from haulage.storage.dispatch_sql import PATIENCE_IN_COMPANY

MAX_CRASHES = 2


@dataclass
class Model:
    """What one job should be."""

    new: NewJob
    state: State
    due: datetime
    fence: int = 0
    attempt: int = 0
    crashes: int = 0
    suspicion: int = 0
    events: int = 1
    held_by: int | None = None
    cancel_asked: bool = False
    # The last settlement that landed: its fence, what was said, and what came of it.
    settled: tuple[int, Outcome, State] | None = None
    steps: dict[str, str] = field(default_factory=dict)
    run: int = 1
    discarded: bool = False
    ended_at: datetime | None = None

    def goes(self, target: State) -> None:
        assert may(self.state, target)
        self.state = target
        self.events += 1
        if target is not State.RUNNING:
            self.held_by = None

    def claimed(self, worker: int) -> None:
        self.goes(State.RUNNING)
        self.fence += 1
        self.attempt += 1
        self.held_by = worker

    def is_cancelled(self) -> None:
        if self.state is State.RUNNING:
            self.cancel_asked = True
        elif self.state in LIVE:
            self.goes(State.CANCELLED)

    def is_redriven(self, now: datetime) -> None:
        """Somebody's decision, and no transition of the table."""
        assert self.state in REDRIVABLE
        self.state, self.due = State.QUEUED, now
        self.run += 1
        self.attempt = self.crashes = self.suspicion = 0
        self.cancel_asked = self.discarded = False
        self.ended_at = None
        self.events += 1

    def settles(self, fence: int, outcome: Outcome, now: datetime) -> None:
        if isinstance(outcome, Snooze | Waiting):
            self.attempt -= 1
        if isinstance(outcome, Retry | Snooze):
            self.due = now + timedelta(seconds=outcome.delay_s)
            self.goes(State.CANCELLED if self.cancel_asked else State.SCHEDULED)
        elif isinstance(outcome, Waiting) and self.cancel_asked:
            self.goes(State.CANCELLED)
        else:
            self.goes(target_state(outcome))
        self.settled = (fence, outcome, self.state)

    def said(self, fence: int, outcome: Outcome) -> bool:
        """Whether this is the last settlement again."""
        if self.settled is None or self.settled[0] != fence:
            return False
        _, first, became = self.settled
        if became is State.CANCELLED:
            overtaken = self.cancel_asked and isinstance(outcome, Retry | Snooze | Waiting)
            return overtaken or isinstance(outcome, Cancelled)
        return outcome == first

    def goes_back(self, now: datetime) -> None:
        self.attempt -= 1
        self.due = now
        self.goes(State.CANCELLED if self.cancel_asked else State.SCHEDULED)

    def crashes_with_its_worker(self, now: datetime, *, company: int = 1) -> None:
        counts = company == 1 or self.suspicion + 1 >= PATIENCE_IN_COMPANY
        self.crashes += counts
        self.suspicion += not counts
        if counts and self.crashes >= MAX_CRASHES and not self.cancel_asked:
            self.attempt -= 1
            self.goes(State.FAILED)
        else:
            self.goes_back(now)

    def holds(self, fence: int) -> bool:
        return self.state is State.RUNNING and self.fence == fence
