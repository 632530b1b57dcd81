"""Jobs that failed and wait for somebody's decision: run them again, or put them aside."""

from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import cursors, deps
from haulage.api.dead_letter_models import GroupPage
from haulage.api.documents import groups_json, job_json
from haulage.api.errors import Refusal
from haulage.api.filters import Passage, Word, Words
from haulage.api.guard import Router, needs
from haulage.api.models import JobDocument, JobPage, Moment
from haulage.api.openapi import problems
from haulage.api.routes.jobs import find
from haulage.api.routes.lists import PageQuery, page
from haulage.domain.job import Job
from haulage.domain.lifecycle import REDRIVABLE, State
from haulage.domain.scope import Scope
from haulage.storage.dead_letter_reads import DeadLetterReads
from haulage.storage.job_filter import JobFilter

router = Router(prefix="/api/v1", tags=["dead letters"])


class DeadLetterQuery(PageQuery):
    """Filters of dead letters. One that is repeated means 'any of'; for `tag`, 'all of'."""

    type: Words = Field(default=[])
    queue: Words = Field(default=[])
    tag: Words = Field(default=[])
    fingerprint: Word | None = Field(default=None, description="Of one group.")
    text: Passage | None = Field(default=None, description="A part of the error, in any case.")
    finished_after: Moment | None = Field(default=None, description="At or after this moment.")
    finished_before: Moment | None = Field(default=None, description="Before this moment.")

    def filter(self) -> JobFilter:
        """The same in the store's words."""
        return JobFilter(
            states=(State.FAILED,),
            types=self.type,
            queues=self.queue,
            tags=self.tag,
            fingerprint=self.fingerprint,
            text=self.text,
            finished_after=self.finished_after,
            finished_before=self.finished_before,
            discarded=False,
        )


@router.get(
    "/dead-letters",
    response_class=Response,
    responses={200: {"model": JobPage}, **problems(400, 503)},
    summary="List dead letters",
)
@needs(Scope.READ)
async def listing(request: Request, query: Annotated[DeadLetterQuery, Query()]) -> Response:
    """Failed jobs that nobody has redriven or discarded, newest first."""
    return await page(request, query.filter(), limit=query.limit, cursor=query.cursor)


@router.get(
    "/dead-letters/groups",
    response_class=Response,
    responses={200: {"model": GroupPage}, **problems(400, 503)},
    summary="Group dead letters by cause",
)
@needs(Scope.READ)
async def groups(request: Request, query: Annotated[DeadLetterQuery, Query()]) -> Response:
    """By job type, error code and the message without its numbers, ids, quotations and paths."""
    parts, tenant = deps.of(request), deps.principal(request).tenant
    wanted = query.filter()
    limit = query.limit or parts.settings.api.page_size
    before = cursors.decode_group(query.cursor, wanted, tenant=tenant) if query.cursor else None
    reads = DeadLetterReads(parts.services.database)
    found = await reads.groups(wanted, tenant=tenant, before=before, limit=limit + 1)
    shown = found[:limit]
    following = None
    if len(found) > limit:
        last = shown[-1]
        following = cursors.encode_group(last.last_at, last.fingerprint, wanted, tenant=tenant)
    return _json(groups_json(shown, following))


@router.post(
    "/dead-letters/{job_id}/redrive",
    status_code=202,
    response_class=Response,
    responses={202: {"model": JobDocument}, **problems(402, 404, 409, 503)},
    summary="Run a dead letter again",
)
@needs(Scope.OPERATE)
async def redrive(request: Request, job_id: str) -> Response:
    """Its next run begins: finished steps stay, attempts count anew."""
    job = await find(request, job_id)
    if job.state is not State.FAILED:
        raise _refused(job, "failed jobs are dead letters")
    return await _again(request, job_id)


@router.post(
    "/dead-letters/{job_id}/discard",
    response_class=Response,
    responses={200: {"model": JobDocument}, **problems(404, 409, 503)},
    summary="Put a dead letter aside",
)
@needs(Scope.OPERATE)
async def discard(request: Request, job_id: str) -> Response:
    """It stays failed and is no dead letter any more. Its children stay as they are."""
    who = deps.principal(request)
    job = await find(request, job_id)
    await deps.of(request).control.discard([job.id], tenant=who.tenant, by=who.subject)
    job = await find(request, job_id)
    if job.discarded_at is None:
        raise _refused(job, "failed jobs can be discarded")
    return _json(job_json(job))


@router.post(
    "/jobs/{job_id}/retry",
    status_code=202,
    response_class=Response,
    responses={202: {"model": JobDocument}, **problems(402, 404, 409, 503)},
    summary="Run a job again",
    tags=["jobs"],
)
@needs(Scope.OPERATE)
async def retry(request: Request, job_id: str) -> Response:
    """The next run of a failed or cancelled job: finished steps stay, attempts count anew."""
    return await _again(request, job_id)


async def _again(request: Request, job_id: str) -> Response:
    who = deps.principal(request)
    job = await find(request, job_id)
    landed = await deps.of(request).control.redrive([job.id], tenant=who.tenant, by=who.subject)
    job = await find(request, job_id)
    if not landed:
        raise _refused(job, "failed and cancelled jobs can be run again")
    return _json(job_json(job), status=202)


def _refused(job: Job, which: str) -> Refusal:
    state = job.state.value
    said = f"has {state}" if job.state is State.SUCCEEDED else f"is {state}"
    mend = "" if job.is_terminal else " Cancel it first, or wait for its end."
    if job.state in REDRIVABLE:
        mend = f" POST /api/v1/jobs/{job.id}/retry runs it again."
    return Refusal(
        409,
        f"job_{state}",
        "The job's state does not allow it",
        f"The job {said}; only {which}.{mend}",
        members={"state": state},
    )


def _json(body: bytes, *, status: int = 200) -> Response:
    return Response(body, status_code=status, media_type="application/json")
