"""Requests about queues, workers, schedules and statistics, and a job's attempts and obstacles."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from haulage.client.calls import API, Call, job_path, page, read_list, said
from haulage.client.fleet_models import (
    AttemptView,
    QueueView,
    ScheduleView,
    StepView,
    WhyView,
    WorkerView,
)
from haulage.client.models import JobView, Page
from haulage.client.stat_models import StatsView


def why(job_id: UUID | str) -> Call[WhyView]:
    """GET /jobs/{id}/why."""
    return Call("GET", f"{job_path(job_id)}/why", WhyView.from_json)


def attempts(job_id: UUID | str) -> Call[list[AttemptView]]:
    """GET /jobs/{id}/attempts."""
    return Call("GET", f"{job_path(job_id)}/attempts", read_list(AttemptView.from_json))


def steps_page(job_id: UUID | str, cursor: str | None) -> Call[Page[StepView]]:
    """GET /jobs/{id}/steps."""
    return page(f"{job_path(job_id)}/steps", StepView.from_json, {}, cursor)


def queues() -> Call[list[QueueView]]:
    """GET /queues."""
    return Call("GET", f"{API}/queues", read_list(QueueView.from_json))


def queue(name: str) -> Call[QueueView]:
    """GET /queues/{name}."""
    return Call("GET", _queue(name), QueueView.from_json)


def pause_queue(name: str, reason: str | None = None) -> Call[QueueView]:
    """POST /queues/{name}/pause: the first one's words stay."""
    return Call("POST", f"{_queue(name)}/pause", QueueView.from_json, body={"reason": reason})


def resume_queue(name: str) -> Call[QueueView]:
    """POST /queues/{name}/resume."""
    return Call("POST", f"{_queue(name)}/resume", QueueView.from_json)


def workers() -> Call[list[WorkerView]]:
    """GET /workers."""
    return Call("GET", f"{API}/workers", read_list(WorkerView.from_json))


def worker(worker_id: UUID | str) -> Call[WorkerView]:
    """GET /workers/{id}."""
    return Call("GET", _worker(worker_id), WorkerView.from_json)


def drain_worker(worker_id: UUID | str) -> Call[WorkerView]:
    """POST /workers/{id}/drain: the first one's name stays."""
    return Call("POST", f"{_worker(worker_id)}/drain", WorkerView.from_json)


def schedules() -> Call[list[ScheduleView]]:
    """GET /schedules."""
    return Call("GET", f"{API}/schedules", read_list(ScheduleView.from_json))


def schedule(schedule_id: UUID | str) -> Call[ScheduleView]:
    """GET /schedules/{id}."""
    return Call("GET", _schedule(schedule_id), ScheduleView.from_json)


def create_schedule(body: Mapping[str, Any]) -> Call[ScheduleView]:
    """POST /schedules; what is None is left out. Twice is refused: names are unique."""
    return Call(
        "POST", f"{API}/schedules", ScheduleView.from_json, body=said(body), repeatable=False
    )


def pause_schedule(schedule_id: UUID | str) -> Call[ScheduleView]:
    """POST /schedules/{id}/pause."""
    return Call("POST", f"{_schedule(schedule_id)}/pause", ScheduleView.from_json)


def resume_schedule(schedule_id: UUID | str) -> Call[ScheduleView]:
    """POST /schedules/{id}/resume."""
    return Call("POST", f"{_schedule(schedule_id)}/resume", ScheduleView.from_json)


def run_schedule(schedule_id: UUID | str) -> Call[JobView]:
    """POST /schedules/{id}/run: each makes a job."""
    return Call("POST", f"{_schedule(schedule_id)}/run", JobView.from_json, repeatable=False)


def delete_schedule(schedule_id: UUID | str) -> Call[None]:
    """DELETE /schedules/{id}. Not sent again: the second answer would be 'there is none'."""
    return Call("DELETE", _schedule(schedule_id), lambda _: None, repeatable=False)


def stats(query: Mapping[str, Any]) -> Call[StatsView]:
    """GET /stats; what is None or empty is left out."""
    return Call("GET", f"{API}/stats", StatsView.from_json, params=said(query))


def _queue(name: str) -> str:
    return f"{API}/queues/{quote(name, safe='')}"


def _worker(worker_id: UUID | str) -> str:
    return f"{API}/workers/{quote(str(worker_id), safe='')}"


def _schedule(schedule_id: UUID | str) -> str:
    return f"{API}/schedules/{quote(str(schedule_id), safe='')}"
