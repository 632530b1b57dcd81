"""What a job is: what was asked for, where it stands, and a worker's right to run it."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from haulage.domain.files import NamedFile
from haulage.domain.lifecycle import TERMINAL, Reason, State
from haulage.domain.webhook import NamedWebhook

DEFAULT_TENANT = "default"
MAX_TAGS = 32
MAX_TAG_LENGTH = 200


class Priority(IntEnum):
    """Who goes first; the number is the Celery priority on Redis (0 is the highest)."""

    HIGH = 0
    NORMAL = 3
    LOW = 6

    @property
    def label(self) -> str:
        """The name the API uses: `high`, `normal` or `low`."""
        return self.name.lower()

    @classmethod
    def from_label(cls, label: str) -> "Priority":
        """The inverse of `label`; raises `KeyError` for anything else."""
        return cls[label.upper()]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is (row E3). `percent` 0..100, or None while nobody can tell."""

    percent: float | None = None
    step: str | None = None
    done: int = 0
    failed: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a job has used of paid or metered things; `cost` in US dollars."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost + other.cost,
        )


# Of most jobs; made once, since they never change.
NO_PROGRESS, NOTHING_USED = Progress(), Usage()


@dataclass(frozen=True, slots=True)
class JobCaller:
    """Who submitted a job: a user and an API key, None where nobody knows."""

    user: str | None = None
    key: str | None = None


NOBODY = JobCaller()


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job before its first row. `input` is JSON text that the type's model has accepted.

    `rings`: the submitter rings for it right after the commit; else the dispatcher does in time.
    """

    id: UUID
    type: str
    input: str
    queue: str
    # When it was accepted; None: when it is inserted.
    created_at: datetime | None = None
    priority: Priority = Priority.NORMAL
    tenant: str = DEFAULT_TENANT
    tags: tuple[str, ...] = ()
    run_at: datetime | None = None
    deadline: datetime | None = None
    max_attempts: int = 1
    max_crashes: int = 3
    timeout_s: float = 300.0
    request_id: str | None = None
    traceparent: str | None = None
    # Where the input lies, when it is too large for the row.
    input_ref: str | None = None
    parent_id: UUID | None = None
    rings: bool = True
    # The files that its input names; they stay for as long as the job does.
    files: tuple[NamedFile, ...] = ()
    webhook: NamedWebhook | None = None
    caller: JobCaller = NOBODY
    # What its tenant reserves for each run; None for one that is not charged.
    price_credits: int | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it may start at once."""
        return self.run_at is None or self.run_at <= now

    def as_inserted(self, now: datetime) -> "Job":
        """The job as its first row shows it, inserted at `now` if it does not say when."""
        created_at = self.created_at or now
        due = self.is_due(created_at)
        return Job(
            id=self.id,
            tenant=self.tenant,
            type=self.type,
            state=State.QUEUED if due else State.SCHEDULED,
            reason=None if due else Reason.RUN_AT,
            queue=self.queue,
            priority=self.priority,
            tags=self.tags,
            run=1,
            attempt=0,
            max_attempts=self.max_attempts,
            timeout_s=self.timeout_s,
            created_at=created_at,
            scheduled_at=created_at if due or self.run_at is None else self.run_at,
            started_at=None,
            finished_at=None,
            cancelled_by=None,
            cancelled_at=None,
            deadline=self.deadline,
            input=self.input,
            request_id=self.request_id,
            traceparent=self.traceparent,
            event_seq=1,
            price_credits=self.price_credits,
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's right to one attempt of one job, with all that the attempt needs to know.

    Every write of the attempt names `fence`; it lands only while the row still carries it. `input`
    is JSON text; where it is None, `input_ref` says where the text lies.
    """

    job_id: UUID
    fence: int
    worker_id: UUID
    type: str
    queue: str
    tenant: str
    input: str | None
    input_ref: str | None
    attempt: int
    max_attempts: int
    run: int
    timeout_s: float
    due_at: datetime
    claimed_at: datetime
    deadline: datetime | None = None
    request_id: str | None = None
    traceparent: str | None = None
    parent_id: UUID | None = None
    priority: Priority = Priority.NORMAL
    # What earlier attempts have used.
    usage: Usage = NOTHING_USED
    caller: JobCaller = NOBODY


@dataclass(frozen=True, slots=True)
class Job:
    """A job's row as readers see it; `input` and `result` are JSON text, None if not asked for."""

    id: UUID
    tenant: str
    type: str
    state: State
    reason: str | None
    queue: str
    priority: Priority
    tags: tuple[str, ...]
    run: int
    attempt: int
    max_attempts: int
    timeout_s: float
    created_at: datetime
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancelled_by: str | None
    cancelled_at: datetime | None
    deadline: datetime | None = None
    progress: Progress = NO_PROGRESS
    usage: Usage = NOTHING_USED
    error: dict[str, object] | None = None
    input: str | None = None
    result: str | None = None
    result_size: int | None = None
    request_id: str | None = None
    traceparent: str | None = None
    crashes: int = 0
    event_seq: int = 0
    parent_id: UUID | None = None
    discarded_at: datetime | None = None
    fingerprint: str | None = None
    # What a run reserves, and what the runs that are over have come to; None: not charged.
    price_credits: int | None = None
    cost_credits: int | None = None

    @property
    def duration_s(self) -> float | None:
        """Seconds from the run's first start to its end; None before the end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()

    @property
    def is_terminal(self) -> bool:
        """Whether no machine will move this job again."""
        return self.state in TERMINAL


class EventKind(StrEnum):
    """Names of the event kinds; SSE sends them as `event:`."""

    STATE = "state"
    PROGRESS = "progress"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's history; `seq` counts from 1 within the job without gaps."""

    job_id: UUID
    seq: int
    kind: EventKind
    at: datetime
    data: str
