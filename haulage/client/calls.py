"""Every request the client makes, as a value: what to send, how to read the answer. No I/O here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

from haulage.client.models import FileView, JobView, LogLine, Page, TypeView

T = TypeVar("T")
API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. `read` turns the decoded JSON body into what the caller gets.

    `repeatable` says that sending it twice is the same as sending it once; a call that is not is
    sent again only when nothing of it can have reached the server.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    repeatable: bool = True
    accepts: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Submission:
    """What `submit_many` takes: a submission and its options; None leaves it to the job type."""

    type: str
    input: Any = None
    queue: str | None = None
    priority: str | None = None
    run_at: datetime | None = None
    tags: Sequence[str] = ()
    max_attempts: int | None = None
    timeout_s: float | None = None
    deadline: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """The body of a submit. Only what was said is sent; a naive time is local time."""
        said = {
            "queue": self.queue,
            "priority": self.priority,
            "run_at": _iso(self.run_at),
            "tags": list(self.tags) or None,
            "max_attempts": self.max_attempts,
            "timeout_s": self.timeout_s,
            "deadline": _iso(self.deadline),
        }
        given = {} if self.input is None else self.input
        options = {name: value for name, value in said.items() if value is not None}
        return {"type": self.type, "input": given, **options}


def submit(job: Submission) -> Call[JobView]:
    """POST /jobs."""
    return Call("POST", f"{API}/jobs", JobView.from_json, body=job.to_json(), repeatable=False)


def submit_many(jobs: Iterable[Submission]) -> Call[list[JobView]]:
    """POST /jobs/batch: all or none, answered in order."""
    body = {"jobs": [job.to_json() for job in jobs]}
    return Call("POST", f"{API}/jobs/batch", _read_batch, body=body, repeatable=False)


def get(job_id: UUID | str, include: Sequence[str] = ()) -> Call[JobView]:
    """GET /jobs/{id}."""
    params = {"include": ",".join(include)} if include else {}
    return Call("GET", job_path(job_id), JobView.from_json, params=params)


def list_page(filters: Mapping[str, Any], cursor: str | None = None) -> Call[Page[JobView]]:
    """GET /jobs: one keyset page; filters that are None or empty are left out."""
    params = {name: value for name, value in filters.items() if value not in (None, "", (), [])}
    if cursor is not None:
        params["cursor"] = cursor
    return Call("GET", f"{API}/jobs", lambda body: _read_page(body, JobView.from_json), params)


def cancel(job_id: UUID | str) -> Call[JobView]:
    """POST /jobs/{id}/cancel: cancelling twice is cancelling once."""
    return Call("POST", f"{job_path(job_id)}/cancel", JobView.from_json)


def result(job_id: UUID | str) -> Call[Any]:
    """GET /jobs/{id}/result: the whole result, however large."""
    return Call("GET", f"{job_path(job_id)}/result", lambda body: body)


def logs_page(job_id: UUID | str, cursor: str | None = None) -> Call[Page[LogLine]]:
    """GET /jobs/{id}/logs."""
    params = {} if cursor is None else {"cursor": cursor}
    return Call(
        "GET", f"{job_path(job_id)}/logs", lambda body: _read_page(body, LogLine.from_json), params
    )


def events(job_id: UUID | str, after: int) -> Call[None]:
    """GET /jobs/{id}/events: a stream, from the event after number `after`."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if after:
        headers["Last-Event-ID"] = str(after)
    return Call("GET", f"{job_path(job_id)}/events", lambda _: None, headers=headers)


def upload(path: Path) -> Call[FileView]:
    """POST /files. Files are known by their content, so uploading twice stores once."""
    return Call("POST", f"{API}/files", FileView.from_json, file=path)


def types() -> Call[list[TypeView]]:
    """GET /types."""
    return Call("GET", f"{API}/types", read_list(TypeView.from_json))


def health() -> Call[dict[str, Any]]:
    """GET /health; a 503 is an answer here, not an error."""
    return Call("GET", "/health", dict, accepts=frozenset({503}))


def job_path(job_id: UUID | str) -> str:
    """Where a job is. Quoted: what a person typed as an id must not become another path."""
    return f"{API}/jobs/{quote(str(job_id), safe='')}"


def _read_batch(body: Any) -> list[JobView]:
    return [JobView.from_json(item) for item in body["jobs"]]


def read_list(read: Callable[[Mapping[str, Any]], T]) -> Callable[[Any], list[T]]:
    """How a list that comes in one piece is read."""
    return lambda body: [read(item) for item in body["data"]]


def _read_page(body: Any, read: Callable[[Mapping[str, Any]], T]) -> Page[T]:
    return Page([read(item) for item in body["data"]], body.get("next"))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
