"""Queues, workers, schedules, and what is told of a job besides itself; read like `models`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from haulage.client.models import JobError, known_fields, read_time


@dataclass(frozen=True, slots=True)
class PauseView:
    """Who paused a queue, since when and why."""

    by: str = ""
    reason: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue over all tenants. `waiting` jobs are ready, `free_slots` could run more now."""

    name: str
    pool: str | None = None
    paused: PauseView | None = None
    waiting: int = 0
    fresh: int = 0
    retries: int = 0
    by_priority: Mapping[str, int] = field(default_factory=dict)
    running: int = 0
    scheduled: int = 0
    waiting_for_children: int = 0
    oldest_waiting_s: float | None = None
    workers: int = 0
    free_slots: int = 0
    ended_per_s: float = 0.0
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` when `data` is not a queue."""
        known = known_fields(cls, data, skip={"raw"}) | {"name": data["name"]}
        pause = data.get("paused")
        known["paused"] = pause and PauseView(
            pause.get("by", ""), pause.get("reason"), read_time(pause.get("since"))
        )
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker process: live, draining or ended. `jobs` are those it has run longest, and `drain`
    who asked it to stop and when, as the API shows them."""

    id: UUID
    name: str = ""
    host: str = ""
    pid: int = 0
    pool: str = ""
    queues: tuple[str, ...] = ()
    slots: int = 0
    in_flight: int = 0
    backlog: int = 0
    rss_bytes: int | None = None
    clock_ahead_s: float | None = None
    version: str = ""
    started_at: datetime | None = None
    heartbeat_at: datetime | None = None
    state: str = "live"
    drain: Mapping[str, Any] | None = None
    jobs: tuple[Mapping[str, Any], ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is not a worker."""
        known = known_fields(cls, data, skip={"raw"}) | {"id": UUID(str(data["id"]))}
        known["queues"] = tuple(data.get("queues") or ())
        known["jobs"] = tuple(data.get("jobs") or ())
        for name in ("started_at", "heartbeat_at"):
            known[name] = read_time(data.get(name))
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule; `next_runs` is empty while it is paused."""

    id: UUID
    name: str = ""
    type: str = ""
    input: Any = None
    cron: str = ""
    timezone: str = "UTC"
    missed: str = ""
    queue: str = ""
    priority: str = "normal"
    tags: tuple[str, ...] = ()
    paused_at: datetime | None = None
    paused_by: str | None = None
    next_run_at: datetime | None = None
    next_runs: tuple[datetime, ...] = ()
    last_run_at: datetime | None = None
    last_job_id: UUID | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is not a schedule."""
        known = known_fields(cls, data, skip={"raw"}) | {"id": UUID(str(data["id"]))}
        known["tags"] = tuple(data.get("tags") or ())
        known["next_runs"] = tuple(
            datetime.fromisoformat(moment) for moment in data.get("next_runs") or ()
        )
        last = data.get("last_job_id")
        known["last_job_id"] = UUID(str(last)) if last else None
        for name in ("paused_at", "next_run_at", "last_run_at", "created_at"):
            known[name] = read_time(data.get(name))
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing between a job and its run; `until` when it ends by itself, if that is known."""

    code: str = ""
    message: str = ""
    until: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WhyView:
    """Why a job isn't running: the deciding cause comes first."""

    state: str
    causes: tuple[Cause, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` when `data` is no such answer."""
        causes = [
            Cause(**known_fields(Cause, one) | {"until": read_time(one.get("until"))})
            for one in data["causes"]
        ]
        return cls(data["state"], tuple(causes), raw=data)


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt of a job's handler, and how it ended."""

    number: int
    run: int = 1
    fence: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    outcome: str = ""
    pieces: int = 1
    reason: str | None = None
    error: JobError | None = None
    worker_id: UUID | None = None
    peak_rss_bytes: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` when `data` is not an attempt."""
        known = known_fields(cls, data, skip={"raw"}) | {"number": data["number"]}
        error, worker = data.get("error"), data.get("worker_id")
        known["error"] = JobError(**known_fields(JobError, error)) if error else None
        known["worker_id"] = UUID(str(worker)) if worker else None
        for name in ("started_at", "ended_at"):
            known[name] = read_time(data.get(name))
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class StepView:
    """A step that a job has finished; `value` is None when it is too large to come along, and
    `size` its bytes as JSON."""

    name: str
    key: str = ""
    fence: int = 0
    duration_s: float = 0.0
    finished_at: datetime | None = None
    size: int | None = None
    value: Any = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` when `data` is not a step."""
        known = known_fields(cls, data, skip={"raw"}) | {"name": data["name"]}
        known["finished_at"] = read_time(data.get("finished_at"))
        return cls(**known, raw=data)
