"""What the API answers, typed. Unknown fields are ignored, so that an older client still reads.

Plain dataclasses rather than pydantic models: a program that only submits jobs should not pay for
building validators at its start.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from haulage.domain.job import Progress, Usage
from haulage.domain.lifecycle import TERMINAL, State

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, or why its last attempt did."""

    code: str = "unknown"
    message: str = ""
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as the API shows it.

    `result` is None before the end and when it is too large to come along (`Client.result` has it
    then); `credits` (`price`, `cost`) is None where nobody is charged; `input` is None unless it
    was asked for with `include=["input"]`. `raw` is the document the API sent.
    """

    id: UUID
    type: str
    state: str
    reason: str | None = None
    queue: str = ""
    priority: str = "normal"
    tags: tuple[str, ...] = ()
    attempt: int = 0
    max_attempts: int = 1
    progress: Progress = field(default_factory=Progress)
    created_at: datetime | None = None
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    duration_s: float | None = None
    usage: Usage = field(default_factory=Usage)
    cancelled_by: str | None = None
    cancelled_at: datetime | None = None
    input: Any = None
    result: Any = None
    error: JobError | None = None
    credits: Mapping[str, int | None] | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_terminal(self) -> bool:
        """Whether no machine will move this job again."""
        return self.state in TERMINAL

    @property
    def succeeded(self) -> bool:
        """Whether the job is over and has a result."""
        return self.state == State.SUCCEEDED

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "JobView":
        """Raises `KeyError` or `ValueError` when `data` is not a job at all."""
        known = known_fields(cls, data, skip={"raw"})
        known["id"] = UUID(str(data["id"]))
        known["tags"] = tuple(data.get("tags") or ())
        known["progress"] = progress_from_json(data.get("progress"))
        known["usage"] = Usage(**known_fields(Usage, data.get("usage") or {}))
        error = data.get("error")
        known["error"] = JobError(**known_fields(JobError, error)) if error else None
        for name in ("created_at", "scheduled_at", "started_at", "finished_at", "cancelled_at"):
            known[name] = read_time(data.get(name))
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's history: `id` is its number within the job, `event` its kind."""

    id: int
    event: str
    data: dict[str, Any]

    @property
    def is_terminal(self) -> bool:
        """Whether this event says that the job is over."""
        return self.event == "state" and self.data.get("state") in TERMINAL


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a handler logged. `seq` is the event's number within the job."""

    seq: int = 0
    at: datetime | None = None
    message: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "LogLine":
        """Read a line of `/logs`, or the data of a `log` event."""
        return cls(
            seq=int(data.get("seq") or 0),
            at=read_time(data.get("at")),
            message=str(data.get("message") or ""),
            fields=data.get("fields") or {},
        )


@dataclass(frozen=True, slots=True)
class FileView:
    """A file; `size` in bytes. `pages` where it has some; `fault` (`code`, `message`) says why it
    can't be opened."""

    id: UUID
    name: str = ""
    media_type: str = ""
    size: int = 0
    sha256: str = ""
    pages: int | None = None
    fault: Mapping[str, str] | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "FileView":
        """Raises `KeyError` or `ValueError` when `data` is not a file."""
        return cls(**{**known_fields(cls, data), "id": UUID(str(data["id"]))})


@dataclass(frozen=True, slots=True)
class TypeView:
    """A job type: what it takes and gives as JSON Schema, and an example input."""

    name: str
    description: str = ""
    pool: str = ""
    queue: str = ""
    example: Any = None
    input_schema: Mapping[str, Any] = field(default_factory=dict)
    result_schema: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TypeView":
        """Raises `KeyError` when `data` is not a job type."""
        return cls(**{**known_fields(cls, data, skip={"raw"}), "name": data["name"]}, raw=data)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a list, and the cursor of the next one; None at the end."""

    data: list[T]
    next: str | None


def progress_from_json(data: Mapping[str, Any] | None) -> Progress:
    """The progress in a job or in a `progress` event."""
    known = known_fields(Progress, data or {})
    return Progress(**{name: value for name, value in known.items() if value is not None})


def known_fields(
    model: type, data: Mapping[str, Any], skip: Set[str] = frozenset()
) -> dict[str, Any]:
    """Those members of `data` that are fields of the dataclass `model`."""
    return {f.name: data[f.name] for f in fields(model) if f.name in data and f.name not in skip}


def read_time(text: str | None) -> datetime | None:
    """A moment as the API writes it, or None."""
    return datetime.fromisoformat(text) if text else None
