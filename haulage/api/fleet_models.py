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
    workers: int = Field(description="Live workers that serve it and are not draining.")
    free_slots: int = Field(description="How many more jobs those could run now.")
    ended_per_s: float = Field(
        description="Jobs that its workers ended, over the last second or so; retries count."
    )


class QueuePage(BaseModel):
    """All queues, by name."""

    data: list[QueueDocument]
    next: None = None


class HeldDocument(BaseModel):
    """A job that a worker runs."""

    id: UUID
    href: str = Field(examples=["/api/v1/jobs/0190b5a4-0000-7000-8000-000000000000"])
    type: str
    attempt: int
    claimed_at: datetime


class DrainDocument(BaseModel):
    """Who told a worker to leave, and when."""

    by: str
    since: datetime


class WorkerDocument(BaseModel):
    """A worker process. `jobs` are those of yours it has run longest, no more than a hundred."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0190b5a4-0000-7000-8000-000000000001",
                "state": "draining",
                "name": "io@worker-3:17",
                "host": "worker-3",
                "pid": 17,
                "pool": "io",
                "queues": ["io"],
                "slots": 1000,
                "in_flight": 1,
                "backlog": 0,
                "rss_bytes": 104857600,
                "version": "0.1.0",
                "started_at": "2030-01-01T11:00:00Z",
                "heartbeat_at": "2030-01-01T12:00:00Z",
                "drain": {"by": "anonymous@203.0.113.7", "since": "2030-01-01T12:00:00Z"},
                "ended_at": None,
                "end_reason": None,
                "jobs": [
                    {
                        "id": "0190b5a4-0000-7000-8000-000000000000",
                        "href": "/api/v1/jobs/0190b5a4-0000-7000-8000-000000000000",
                        "type": "summarize_text",
                        "attempt": 1,
                        "claimed_at": "2030-01-01T11:59:00Z",
                    }
                ],
            }
        }
    )

    id: UUID
    state: Literal["live", "draining", "ended"]
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
    drain: DrainDocument | None
    ended_at: datetime | None
    end_reason: str | None = Field(examples=["stopped", "silent", "drained", "stuck"])
    jobs: list[HeldDocument]


class WorkerPage(BaseModel):
    """All live workers, oldest first."""

    data: list[WorkerDocument]
    next: None = None


def counts(by_priority: dict[Priority, int]) -> PriorityCounts:
    """The counts under their names."""
    return PriorityCounts(**{one.label: by_priority.get(one, 0) for one in Priority})
