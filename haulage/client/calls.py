"""Every request the client makes, as a value: what to send, how to read the answer. No I/O here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, Generic, TypedDict, TypeVar
from urllib.parse import quote
from uuid import UUID

from haulage.client.models import JobView, LogLine, Page, TypeView

T = TypeVar("T")
API = "/api/v1"
JOBS = f"{API}/jobs"
IDEMPOTENCY_KEY = "Idempotency-Key"
PREFER = "Prefer"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send. `open` gives its content from the beginning each time it is called, unless
    it says that it is not `repeatable`: a pipe, for one, can be read once."""

    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. `read` turns the decoded JSON body into what the caller gets.

    `repeatable` says that sending it twice is the same as sending it once; a call that is not is
    sent again only when nothing of it can have reached the server. `waits_s` is how much longer
    than others its answer may take. `streams` is how the content type of an answer begins that is
    read piece by piece.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    waits_s: float = 0.0
    streams: str | None = None
    repeatable: bool = True
    accepts: frozenset[int] = frozenset()


class JobFilters(TypedDict, total=False):
    """What a list of jobs may be narrowed to. Many values mean any of them; many tags, all.

    `text` is a part of the last error. `fingerprint`, of a group of dead letters, goes with these
    and with bulk operations; `all` with bulk operations only.
    """

    state: str | Sequence[str] | None
    type: str | Sequence[str] | None
    queue: str | Sequence[str] | None
    tag: str | Sequence[str] | None
    created_after: datetime | None
    created_before: datetime | None
    started_after: datetime | None
    started_before: datetime | None
    finished_after: datetime | None
    finished_before: datetime | None
    text: str | None
    parent: UUID | str | None
    fingerprint: str | None
    all: bool | None


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
    webhook: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The body of a submit. Only what was said is sent; a naive time is local time."""
        said = {
            "queue": self.queue,
            "priority": self.priority,
            "run_at": plain(self.run_at),
            "tags": list(self.tags) or None,
            "max_attempts": self.max_attempts,
            "timeout_s": self.timeout_s,
            "deadline": plain(self.deadline),
            "webhook": self.webhook,
        }
        given = {} if self.input is None else self.input
        options = {name: value for name, value in said.items() if value is not None}
        return {"type": self.type, "input": given, **options}


def submit(job: Submission, key: str, *, wait_s: int = 0) -> Call[JobView]:
    """POST /jobs. The idempotency key makes it one job however often it is sent."""
    return Call(
        "POST",
        JOBS,
        JobView.from_json,
        body=job.to_json(),
        headers=keyed(key) | waiting(wait_s),
        waits_s=wait_s,
    )


def submit_many(jobs: Iterable[Submission], key: str) -> Call[list[JobView]]:
    """POST /jobs/batch: all or none, answered in order; `key` as for `submit`."""
    body = {"jobs": [job.to_json() for job in jobs]}
    return Call("POST", f"{API}/jobs/batch", _read_batch, body=body, headers=keyed(key))


def get(job_id: UUID | str, include: Sequence[str] = (), *, wait_s: int = 0) -> Call[JobView]:
    """GET /jobs/{id}, answered at the job's end or after `wait_s` seconds."""
    return Call(
        "GET",
        job_path(job_id),
        JobView.from_json,
        params={"include": ",".join(include)} if include else {},
        headers=waiting(wait_s),
        waits_s=wait_s,
    )


def jobs_page(
    path: str, filters: Mapping[str, Any], page_size: int | None, cursor: str | None
) -> Call[Page[JobView]]:
    """One keyset page of jobs at `path`."""
    return page(path, JobView.from_json, {**filters, "limit": page_size}, cursor)


def cancel(job_id: UUID | str) -> Call[JobView]:
    """POST /jobs/{id}/cancel: cancelling twice is cancelling once."""
    return Call("POST", f"{job_path(job_id)}/cancel", JobView.from_json)


def result(job_id: UUID | str) -> Call[Any]:
    """GET /jobs/{id}/result: the whole result, however large."""
    return Call("GET", f"{job_path(job_id)}/result", lambda body: body)


def logs_page(job_id: UUID | str, cursor: str | None) -> Call[Page[LogLine]]:
    """GET /jobs/{id}/logs."""
    return page(f"{job_path(job_id)}/logs", LogLine.from_json, {}, cursor)


def events(job_id: UUID | str, after: int) -> Call[None]:
    """GET /jobs/{id}/events: a stream, from the event after number `after`."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if after:
        headers["Last-Event-ID"] = str(after)
    return Call(
        "GET",
        f"{job_path(job_id)}/events",
        lambda _: None,
        headers=headers,
        streams="text/event-stream",
    )


def types() -> Call[list[TypeView]]:
    """GET /types."""
    return Call("GET", f"{API}/types", read_list(TypeView.from_json))


def health() -> Call[dict[str, Any]]:
    """GET /health; a 503 is an answer here, not an error."""
    return Call("GET", "/health", dict, accepts=frozenset({503}))


def ready() -> Call[dict[str, Any]]:
    """GET /ready; a 503 is an answer here too."""
    return Call("GET", "/ready", dict, accepts=frozenset({503}))


def job_path(job_id: UUID | str) -> str:
    """Where a job is. Quoted: what a person typed as an id must not become another path."""
    return f"{API}/jobs/{quote(str(job_id), safe='')}"


def _read_batch(body: Any) -> list[JobView]:
    return [JobView.from_json(item) for item in body["jobs"]]


def read_list(read: Callable[[Mapping[str, Any]], T]) -> Callable[[Any], list[T]]:
    """How a list that comes in one piece is read."""
    return lambda body: [read(item) for item in body["data"]]


def page(
    path: str,
    read: Callable[[Mapping[str, Any]], T],
    filters: Mapping[str, Any],
    cursor: str | None,
) -> Call[Page[T]]:
    """GET one page at `path`; filters that are None or empty are left out."""
    params = said(filters)
    if cursor is not None:
        params["cursor"] = cursor
    return Call("GET", path, lambda body: Page(read_list(read)(body), body.get("next")), params)


def said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `values` that say something, in JSON's words."""
    return {name: plain(value) for name, value in values.items() if value not in (None, "", (), [])}


def keyed(key: str) -> dict[str, str]:
    """The header that makes a request one request, however often it is sent."""
    return {IDEMPOTENCY_KEY: key}


def waiting(wait_s: int) -> dict[str, str]:
    """The header that asks for an answer at the job's end, after `wait_s` seconds at most."""
    return {PREFER: f"wait={wait_s}"} if wait_s > 0 else {}


def plain(value: Any) -> Any:
    """A moment as ISO 8601 in UTC (a naive one is local time); anything else as it is."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
