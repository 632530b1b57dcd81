"""Writes the JSON that the API answers. By hand: `models.py` describes it, a test compares.

Inputs and results are JSON text from their handler to the reader: they are put into the document as
they are, neither parsed nor written anew.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from haulage.domain.job import Event, Job, Priority
from haulage.storage.dead_letter_reads import Group
from haulage.storage.file_store import FileRow
from haulage.storage.json_text import dumps, loads
from haulage.storage.step_reads import StepRow
from haulage.telemetry import tracing

_PRIORITY = {priority: priority.label for priority in Priority}


def job_json(job: Job, *, with_input: bool = False) -> bytes:
    """A job's document; `with_input` adds its input."""
    progress, usage, error = job.progress, job.usage, job.error
    head = {
        "id": str(job.id),
        "type": job.type,
        "state": job.state.value,
        "reason": job.reason,
        "queue": job.queue,
        "priority": _PRIORITY[job.priority],
        "tags": job.tags,
        "run": job.run,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "timeout_s": job.timeout_s,
        "crashes": job.crashes,
        "progress": {
            "percent": progress.percent,
            "step": progress.step,
            "done": progress.done,
            "failed": progress.failed,
            "total": progress.total,
        },
        "created_at": utc(job.created_at),
        "scheduled_at": utc(job.scheduled_at),
        "started_at": utc(job.started_at),
        "finished_at": utc(job.finished_at),
        "duration_s": job.duration_s,
        "deadline": utc(job.deadline),
        "usage": {
            "calls": usage.calls,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cost": usage.cost,
        },
        "cancelled_by": job.cancelled_by,
        "cancelled_at": utc(job.cancelled_at),
        "request_id": job.request_id,
        "trace_id": tracing.trace_of_job(job.id, job.traceparent),
        "parent_id": job.parent_id and str(job.parent_id),
        "error": shown_error(error),
        "fingerprint": job.fingerprint,
        "discarded_at": utc(job.discarded_at),
        "result_size": job.result_size,
        "credits": None
        if job.price_credits is None
        else {"price": job.price_credits, "cost": job.cost_credits},
    }
    tail = b',"result":' + _raw(job.result)
    if with_input:
        tail += b',"input":' + _raw(job.input)
    return _object(head)[:-1] + tail + b"}"


def jobs_json(jobs: Sequence[Job]) -> bytes:
    """The answer to a batch."""
    return b'{"jobs":[' + b",".join(job_json(job) for job in jobs) + b"]}"


def page_json(jobs: Sequence[Job], following: str | None) -> bytes:
    """One page of a list."""
    rows = b",".join(job_json(job) for job in jobs)
    return b'{"data":[' + rows + b'],"next":' + to_json(following) + b"}"


def groups_json(groups: Sequence[Group], following: str | None) -> bytes:
    """One page of dead letters by their cause."""
    rows = [
        {
            "fingerprint": group.fingerprint,
            "type": group.type,
            "code": group.error.get("code", "unknown"),
            "message": group.error.get("message", ""),
            "count": group.count,
            "first_at": text_of(group.first_at),
            "last_at": text_of(group.last_at),
            "sample_job_id": str(group.sample),
        }
        for group in groups
    ]
    return dumps({"data": rows, "next": following}).encode()


def steps_json(steps: Sequence[StepRow], following: str | None) -> bytes:
    """One page of a job's steps."""
    rows = []
    for step in steps:
        head = {
            "name": step.name,
            "key": step.key,
            "fence": step.fence,
            "duration_s": step.duration_s,
            "finished_at": utc(step.finished_at),
            "size": step.size,
        }
        rows.append(_object(head)[:-1] + b',"value":' + _raw(step.value) + b"}")
    return b'{"data":[' + b",".join(rows) + b'],"next":' + to_json(following) + b"}"


def shown_error(error: dict[str, Any] | None) -> dict[str, Any] | None:
    """A job's error without its trace, which is for the logs."""
    if error is None:
        return None
    return {
        "code": error.get("code", "unknown"),
        "message": error.get("message", ""),
        "retryable": bool(error.get("retryable", False)),
    }


def file_json(row: FileRow) -> bytes:
    """A file's document."""
    return _object(_file(row))


def job_files_json(rows: Sequence[tuple[str, FileRow]]) -> bytes:
    """A job's files, each with its role."""
    return _object({"data": [{**_file(row), "role": role} for role, row in rows]})


def _file(row: FileRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "sha256": row.sha256,
        "size": row.size,
        "media_type": row.media_type,
        "name": row.name,
        "pages": row.pages,
        "fault": row.fault_code and {"code": row.fault_code, "message": row.fault},
        "created_at": utc(row.created_at),
    }


def log_page_json(lines: Sequence[Event], following: str | None) -> bytes:
    """One page of a job's log."""
    rows = []
    for line in lines:
        data = loads(line.data)
        rows.append(
            {
                "seq": line.seq,
                "at": text_of(line.at),
                "message": data.get("message", ""),
                "fields": data.get("fields", {}),
            }
        )
    return dumps({"data": rows, "next": following}).encode()


def utc(moment: datetime | None) -> datetime | None:
    """The same moment in UTC: PostgreSQL answers in its session's zone."""
    return moment if moment is None or moment.tzinfo is UTC else moment.astimezone(UTC)


def text_of(moment: datetime) -> str:
    """ISO 8601 in UTC, ending in Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _object(document: dict[str, Any]) -> bytes:
    try:
        return to_json(document)
    except ValueError:
        # A lone surrogate in a message or a step's name: only JSON's escapes can carry it.
        return dumps(document).encode()


def _raw(text: str | None) -> bytes:
    return b"null" if text is None else text.encode()
