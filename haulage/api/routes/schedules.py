"""Schedules: jobs that come again by a cron expression in a time zone."""

from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.bodies import read_model
from haulage.api.documents import job_json
from haulage.api.errors import Refusal
from haulage.api.faults import QueryFault
from haulage.api.guard import Router, needs
from haulage.api.models import JobDocument
from haulage.api.openapi import json_body, problems
from haulage.api.routes.jobs import NoQuery, known_uuid
from haulage.api.routes.submits import check_priority, origin
from haulage.api.schedule_models import (
    PreviewDocument,
    PreviewQuery,
    ScheduleBody,
    ScheduleDocument,
    SchedulePage,
)
from haulage.domain.errors import InvalidInput, NotFound
from haulage.domain.ids import uuid7
from haulage.domain.job import Priority
from haulage.domain.scope import Scope
from haulage.engine import scheduler
from haulage.engine.intake import Submission
from haulage.engine.required_files import require_files
from haulage.storage.json_text import loads
from haulage.storage.schedule_store import Missed, Schedule, ScheduleStore

router = Router(prefix="/api/v1/schedules", tags=["schedules"])

NEXT_RUNS = 5


@router.post(
    "",
    status_code=201,
    responses=problems(400, 404, 409, 413, 415, 422, 503),
    openapi_extra=json_body("ScheduleBody"),
    summary="Make a schedule",
)
@needs(Scope.OPERATE)
async def make(request: Request, response: Response) -> ScheduleDocument:
    """Checked as a submit would be, so that it does not fail first at night."""
    parts = deps.of(request)
    body = await read_model(request, ScheduleBody, limit=parts.settings.api.max_body_bytes)
    check_priority(request, body.priority)
    scheduler.check(body.cron, body.timezone, body.tags)
    job = parts.intake.check(_submission(body), origin(request))
    await require_files(parts.services.files, [job])
    now = parts.services.clock.now()
    schedule = Schedule(
        id=uuid7(),
        tenant=job.tenant,
        name=body.name,
        type=job.type,
        input=job.input,
        queue=job.queue,
        priority=job.priority,
        tags=job.tags,
        cron=body.cron,
        timezone=body.timezone,
        missed=Missed(body.missed),
        next_run_at=scheduler.next_run(body.cron, body.timezone, after=now),
        created_at=now,
        created_by=deps.principal(request).subject,
    )
    if not await _store(request).add(schedule):
        raise Refusal(
            409,
            "schedule_exists",
            "The name is taken",
            f"There is a schedule {body.name!r} already. Delete it first, or take another name.",
        )
    response.headers["Location"] = f"{router.prefix}/{schedule.id}"
    return _document(schedule, now)


@router.get("", responses=problems(400, 503), summary="List schedules")
@needs(Scope.READ)
async def listing(request: Request, _query: Annotated[NoQuery, Query()]) -> SchedulePage:
    """All of them, with their next runs."""
    now = deps.of(request).services.clock.now()
    found = await _store(request).of_tenant(deps.principal(request).tenant)
    return SchedulePage(data=[_document(one, now) for one in found])


@router.get("/preview", responses=problems(400, 503), summary="Try a cron expression")
@needs(Scope.READ)
async def preview(request: Request, query: Annotated[PreviewQuery, Query()]) -> PreviewDocument:
    """Its next five moments, changes of the clocks included; nothing is made."""
    try:
        scheduler.check(query.cron, query.timezone)
    except InvalidInput as error:
        faults = tuple(QueryFault(one.pointer.strip("/"), one.message) for one in error.faults)
        raise Refusal(
            400,
            "invalid_query",
            "The query does not fit",
            "; ".join(f"{one.parameter}: {one.message}" for one in faults),
            errors=faults,
        ) from error
    now = deps.of(request).services.clock.now()
    moments = scheduler.moments(query.cron, query.timezone, after=now)
    return PreviewDocument(next_runs=list(islice(moments, NEXT_RUNS)))


@router.get("/{schedule_id}", responses=problems(400, 404, 503), summary="Look at a schedule")
@needs(Scope.READ)
async def show(
    request: Request, schedule_id: str, _query: Annotated[NoQuery, Query()]
) -> ScheduleDocument:
    """As it stands now."""
    return _document(await _find(request, schedule_id), deps.of(request).services.clock.now())


@router.delete(
    "/{schedule_id}", status_code=204, responses=problems(404, 503), summary="Delete a schedule"
)
@needs(Scope.OPERATE)
async def remove(request: Request, schedule_id: str) -> Response:
    """The jobs it made stay."""
    found = await _find(request, schedule_id)
    await _store(request).remove(found.id, tenant=found.tenant)
    return Response(status_code=204)


@router.post("/{schedule_id}/pause", responses=problems(404, 503), summary="Pause a schedule")
@needs(Scope.OPERATE)
async def pause(request: Request, schedule_id: str) -> ScheduleDocument:
    """It makes no jobs until it is resumed."""
    found = await _find(request, schedule_id)
    who = deps.principal(request).subject
    await _store(request).pause(found.id, tenant=found.tenant, by=who)
    return _document(await _find(request, schedule_id), deps.of(request).services.clock.now())


@router.post("/{schedule_id}/resume", responses=problems(404, 503), summary="Resume a schedule")
@needs(Scope.OPERATE)
async def resume(request: Request, schedule_id: str) -> ScheduleDocument:
    """From its next moment on: what the pause held back is not made up for."""
    found = await _find(request, schedule_id)
    now = deps.of(request).services.clock.now()
    following = scheduler.next_run(found.cron, found.timezone, after=now)
    await _store(request).resume(found.id, tenant=found.tenant, next_run_at=following)
    return _document(await _find(request, schedule_id), now)


@router.post(
    "/{schedule_id}/run",
    status_code=202,
    response_class=Response,
    responses={202: {"model": JobDocument}, **problems(402, 404, 422, 429, 503)},
    summary="Run a schedule now",
)
@needs(Scope.OPERATE)
async def run(request: Request, schedule_id: str) -> Response:
    """One job beside its runs; its moments stay as they are."""
    found = await _find(request, schedule_id)
    wanted = Submission(
        type=found.type,
        input=loads(found.input),
        queue=found.queue,
        priority=found.priority,
        tags=(*found.tags, f"schedule:{found.name}"),
    )
    (job,) = await deps.of(request).intake.submit([wanted], origin(request))
    return Response(
        job_json(job),
        status_code=202,
        headers={"Location": f"/api/v1/jobs/{job.id}"},
        media_type="application/json",
    )


def _submission(body: ScheduleBody) -> Submission:
    return Submission(
        type=body.type,
        input=body.input,
        queue=body.queue,
        priority=Priority.from_label(body.priority),
        tags=tuple(body.tags),
    )


async def _find(request: Request, schedule_id: str) -> Schedule:
    wanted = known_uuid(schedule_id)
    found = wanted and await _store(request).get(wanted, tenant=deps.principal(request).tenant)
    if not found:
        raise NotFound(f"There is no schedule {schedule_id[:100]}.")
    return found


def _store(request: Request) -> ScheduleStore:
    services = deps.of(request).services
    return ScheduleStore(services.database, services.clock)


def _document(schedule: Schedule, now: datetime) -> ScheduleDocument:
    moments = scheduler.moments(schedule.cron, schedule.timezone, after=now)
    return ScheduleDocument.model_validate(
        {
            **asdict(schedule),
            "input": loads(schedule.input),
            "priority": schedule.priority.label,
            "missed": schedule.missed.value,
            "next_runs": [] if schedule.paused_at else list(islice(moments, NEXT_RUNS)),
        }
    )
