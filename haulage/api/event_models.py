"""What a job's events say, as AsyncAPI shows it. A test holds every event that the tests' own jobs
leave in PostgreSQL against these models.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from haulage.domain.holdup import HoldupKind
from haulage.domain.lifecycle import State


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid")

    at: datetime = Field(description="When it happened.")


class EventError(BaseModel):
    """Why an attempt, or the job, failed."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(description="Stable; handlers choose their own.")
    message: str
    retryable: bool = Field(description="Whether another attempt could help.")
    trace: str | None = Field(default=None, description="Where an unknown error came from.")


class WaitsFor(BaseModel):
    """A limit, a quota (of a day or longer), an open circuit breaker, a provider that asked for
    fewer calls, or the limiter, when Redis does not answer."""

    model_config = ConfigDict(extra="forbid")

    kind: HoldupKind
    pool: str = Field(description="The provider's limits, or the service.")
    limit: str | None = Field(default=None, description="The limit that decides, in words.")


class StateEvent(_Said):
    """The job came into a state. Members that a change has nothing to say about are left out."""

    state: State
    reason: str | None = Field(
        default=None,
        description="Why it is in this state: run_at, retry, snooze, rescued, given_back, "
        "unknown_type, unknown_key, children, redrive, deadline, quarantined, limit, quota, "
        "breaker, provider, limiter, or a handler's own word.",
    )
    attempt: int | None = Field(default=None, description="The attempt that began or ended.")
    run: int | None = Field(default=None, description="The run that a redrive began.")
    fence: int | None = Field(default=None, description="The lease's number; it only grows.")
    scheduled_at: datetime | None = Field(default=None, description="When it is due.")
    result_size: int | None = Field(default=None, description="Bytes of the result's JSON.")
    error: EventError | None = None
    waits_for: WaitsFor | None = Field(
        default=None, description="What a job waits for that gave its slot back until then."
    )
    crashes: int | None = Field(default=None, description="Processes that died of it in this run.")
    company: int | None = Field(
        default=None, description="Jobs the dead process ran, with this one."
    )
    cancelled_by: str | None = None
    by: str | None = Field(default=None, description="Who redrove it.")
    bulk: str | None = Field(default=None, description="The bulk operation that did it.")
    why: str | None = Field(default=None, description="The reason given to that operation.")


class ProgressEvent(_Said):
    """How far the job is; reports are merged, ten a second at most."""

    percent: float | None
    step: str | None
    done: int
    failed: int
    total: int | None


class LogEvent(_Said):
    """A line that the handler logged, or that somebody's decision left in the job's history."""

    message: str
    fields: dict[str, Any] = Field(default={}, description="Left out when there are none.")


# Each event's name on the wire and what it says.
MODELS: dict[str, type[_Said]] = {
    "state": StateEvent,
    "progress": ProgressEvent,
    "log": LogEvent,
}
