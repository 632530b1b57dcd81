"""Jobs that exist: one, their results and logs, and their cancelling."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from haulage.api import deps, waiting
from haulage.api.documents import job_json, log_page_json, shown_error
from haulage.api.errors import Refusal
from haulage.api.guard import Router, needs
from haulage.api.models import JobDocument, LogPage
from haulage.api.openapi import problems
from haulage.domain.errors import NotFound
from haulage.domain.job import Event, EventKind, Job
from haulage.domain.lifecycle import REDRIVABLE, State
from haulage.domain.scope import Scope
from haulage.storage.event_store import EventStore

router = Router(prefix="/api/v1/jobs", tags=["jobs"])

MAX_SEQ = 2**63 - 1
EVENTS_A_READ = 1000


class ShowQuery(BaseModel):
    """What comes along with a job."""

    model_config = ConfigDict(extra="forbid")

    include: str = Field(
        default="", pattern=r"^(input)?$", description="`input` for the job's input."
    )


class LogQuery(BaseModel):
    """Where a page of log lines begins."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(default=0, ge=0, le=MAX_SEQ, description="The `seq` before the first line.")
    cursor: str | None = Field(default=None, pattern=r"^[0-9]{1,18}$")
    limit: int = Field(default=EVENTS_A_READ, ge=1, le=EVENTS_A_READ)


class NoQuery(BaseModel):
    """A route that takes no parameters."""

    model_config = ConfigDict(extra="forbid")


@router.get(
    "/{job_id}",
    response_class=Response,
    responses={200: {"model": JobDocument}, **problems(400, 404, 503)},
    summary="Look at a job",
    openapi_extra={"parameters": [waiting.PARAMETER]},
)
@needs(Scope.READ)
async def show(request: Request, job_id: str, query: Annotated[ShowQuery, Query()]) -> Response:
    """The job as it stands now or, with `Prefer: wait=10`, once it is over."""
    with_input = query.include == "input"
    job = await find(request, job_id, with_input=with_input)
    within_s = waiting.wanted_s(request)
    if within_s is None:
        return _json(job_json(job, with_input=with_input))
    over = await waiting.until_over(request, job, within_s=within_s)
    answer = _json(job_json(replace(over, input=job.input), with_input=with_input))
    answer.headers.update(waiting.applied(within_s))
    return answer


@router.get(
    "/{job_id}/result",
    response_class=Response,
    responses={
        200: {
            "description": "What the job type's result_schema says",
            "content": {"application/json": {}},
        },
        **problems(400, 404, 409, 503),
    },
    summary="The whole result",
)
@needs(Scope.READ)
async def result(request: Request, job_id: str, _query: Annotated[NoQuery, Query()]) -> Response:
    """The result as the handler returned it, however large; 409 while there is none."""
    parts, tenant = deps.of(request), deps.principal(request).tenant
    found = await parts.reads.result(known_id(job_id), tenant=tenant)
    if found is None:
        raise no_such_job(job_id)
    _, text = found
    if text is None:
        raise _no_result(await find(request, job_id))
    return _json(text.encode())


@router.get(
    "/{job_id}/logs",
    response_class=Response,
    responses={200: {"model": LogPage}, **problems(400, 404, 503)},
    summary="What the handler logged",
)
@needs(Scope.READ)
async def logs(request: Request, job_id: str, query: Annotated[LogQuery, Query()]) -> Response:
    """Log lines in their order. `next` is the `cursor`, or `after`, of the following page."""
    job = await find(request, job_id)
    after = int(query.cursor) if query.cursor else query.after
    lines, following = await _log_lines(
        deps.of(request).services.events, job.id, after=after, limit=query.limit
    )
    return _json(log_page_json(lines, following))


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    response_class=Response,
    responses={
        200: {"model": JobDocument, "description": "Cancelled before"},
        202: {"model": JobDocument, "description": "Cancelled, or told to stop"},
        **problems(404, 409, 503),
    },
    summary="Cancel a job",
)
@needs(Scope.SUBMIT, Scope.OPERATE)
async def cancel(request: Request, job_id: str) -> Response:
    """What has not started is cancelled at once; what runs is stopped within seconds."""
    parts, who = deps.of(request), deps.principal(request)
    wanted = known_id(job_id)
    answers = await parts.control.cancel([wanted], tenant=who.tenant, by=who.subject)
    if wanted not in answers:
        raise no_such_job(job_id)
    before = answers[wanted].before
    job = await find(request, job_id)
    if before in (State.SUCCEEDED, State.FAILED):
        raise Refusal(
            409,
            "job_finished",
            "The job is over",
            f"The job had already {before.value} when the cancel came.",
            members={"state": before.value},
        )
    return _json(job_json(job), status=200 if before is State.CANCELLED else 202)


router.delete(
    "/{job_id}",
    status_code=202,
    response_class=Response,
    responses={202: {"model": JobDocument}, **problems(404, 409, 503)},
    summary="Cancel a job",
)(cancel)


async def find(request: HTTPConnection, job_id: str, *, with_input: bool = False) -> Job:
    """The caller's job of that id; raises `NotFound`."""
    parts, wanted, tenant = deps.of(request), known_id(job_id), deps.principal(request).tenant
    # An input may be large: nobody waits for another's.
    if with_input:
        job = await parts.reads.get(wanted, tenant=tenant, with_input=True)
    else:
        job = await parts.looks.submit((wanted, tenant))
    if job is None:
        raise no_such_job(job_id)
    return job


def known_id(job_id: str) -> UUID:
    """The id as a UUID; what is none can't be the id of a job, so it raises `NotFound`."""
    found = known_uuid(job_id)
    if found is None:
        raise no_such_job(job_id)
    return found


def known_uuid(text: str) -> UUID | None:
    """The id in a path; None for what can't be one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def no_such_job(job_id: str) -> NotFound:
    """The error for an id that is not one of the caller's jobs."""
    return NotFound(f"There is no job {job_id[:100]}.")


async def _log_lines(
    events: EventStore, job_id: UUID, *, after: int, limit: int
) -> tuple[list[Event], str | None]:
    """Log lines past `after` and, when there may be more, the number after which to go on."""
    lines: list[Event] = []
    while True:
        read = (await events.after({job_id: after}, limit=EVENTS_A_READ)).get(job_id, [])
        lines += [event for event in read if event.kind is EventKind.LOG]
        if len(lines) > limit:
            return lines[:limit], str(lines[limit - 1].seq)
        if len(read) < EVENTS_A_READ:
            return lines, None
        after = read[-1].seq


def _no_result(job: Job) -> Refusal:
    over = job.state in REDRIVABLE
    why = f"The job {job.state.value}" if job.state is State.FAILED else f"The job is {job.state}"
    return Refusal(
        409,
        f"job_{job.state.value}" if over else "not_finished",
        "There is no result" if over else "Not finished",
        f"{why}, so there is no result" + ("." if over else " yet."),
        members={"state": job.state.value, "error": shown_error(job.error)},
    )


def _json(body: bytes, *, status: int = 200) -> Response:
    return Response(body, status_code=status, media_type="application/json")
