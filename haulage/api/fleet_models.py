"""The documents of queues and workers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from haulage.domain.job import Priority

MAX_REASON = 500


class PauseBody(BaseModel):
    """Why a queue is paused; everybody who asks sees it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "The OCR model is being replaced"}}
    )

    reason: Annotated[str, StringConstraints(max_length=MAX_REASON)] | None = None


class PauseDocument(BaseModel):
    """Who paused a queue, why and since when."""

    by: str
    reason: str | None
    since: datetime


class PriorityCounts(BaseModel):
    """Queued jobs by priority."""

    high: int
    normal: int
    low: int


class QueueDocument(BaseModel):
    """A queue: what lies in it, over all tenants, and who serves it."""

    name: str
    pool: Literal["io", "cpu"] | None = Field(description="null: no setting names this queue.")
    paused: PauseDocument | None
    waiting: int = Field(description="Queued jobs: ready, and not yet claimed.")
    fresh: int = Field(description="Those that never ran.")
    retries: int = Field(description="Those on the retry lane.")
    by_priority: PriorityCounts
    running: int
    scheduled: int = Field(description="Not due yet: a run_at, a retry, a snooze.")
    waiting_for_children: int
    oldest_waiting_at: datetime | None
    oldest_waiting_s: float | None
    workers: int = Field(description="Live workers that serve it.")
    free_slots: int = Field(description="How many more jobs those could run now.")


class QueuePage(BaseModel):
    """All queues, by name."""

    data: list[QueueDocument]
    next: None = None


class HeldDocument(BaseModel):
    """A job that a worker runs."""

    id: UUID
    type: str
    attempt: int
    claimed_at: datetime


class WorkerDocument(BaseModel):
    """A live worker process. `jobs` are those it has run longest, no more than a hundred."""

    id: UUID
    name: str
    host: str
    pid: int
    pool: Literal["io", "cpu"]
    queues: list[str]
    slots: int
    in_flight: int
    backlog: int = Field(description="Jobs it was rung for while its slots were full.")
    rss_bytes: int | None
    clock_ahead_s: float | None = Field(
        description="Its machine's clock less PostgreSQL's, which jobs follow."
    )
    version: str
    started_at: datetime
    heartbeat_at: datetime
    jobs: list[HeldDocument]


class WorkerPage(BaseModel):
    """All live workers, oldest first."""

    data: list[WorkerDocument]
    next: None = None


def counts(by_priority: dict[Priority, int]) -> PriorityCounts:
    """The counts under their names."""
    return PriorityCounts(**{one.label: by_priority.get(one, 0) for one in Priority})
