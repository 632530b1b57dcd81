"""Lists of jobs: all of them by any filter, and the children of one."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import cursors, deps
from haulage.api.documents import page_json
from haulage.api.filters import Filters
from haulage.api.guard import Router, needs
from haulage.api.models import JobPage
from haulage.api.openapi import problems
from haulage.api.routes.jobs import find
from haulage.domain.job import Job
from haulage.domain.lifecycle import State
from haulage.domain.scope import Scope
from haulage.storage.job_filter import JobFilter
from haulage.storage.lanes import Position

router = Router(prefix="/api/v1/jobs", tags=["jobs"])

MAX_PAGE = 500


class PageQuery(BaseModel):
    """Which page of a list of jobs."""

    model_config = ConfigDict(extra="forbid")

    limit: int | None = Field(default=None, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, max_length=400)


class ChildQuery(PageQuery):
    """Which children."""

    state: list[State] = []


class JobQuery(Filters, PageQuery):
    """Filters of a list. One that is repeated means 'any of'; for `tag`, 'all of'.

    A list with a range of `finished` goes by when jobs finished, one with a range of `started` by
    when they started, every other one by when they were created; newest first.
    """


@router.get(
    "",
    response_class=Response,
    responses={200: {"model": JobPage}, **problems(400, 503)},
    summary="List jobs",
)
@needs(Scope.READ)
async def listing(request: Request, query: Annotated[JobQuery, Query()]) -> Response:
    """Newest first, page by page; jobs that come in between pages do not shift them."""
    return await page(request, query.filter(), limit=query.limit, cursor=query.cursor)


@router.get(
    "/{job_id}/children",
    response_class=Response,
    responses={200: {"model": JobPage}, **problems(400, 404, 503)},
    summary="List a job's children",
)
@needs(Scope.READ)
async def children(
    request: Request, job_id: str, query: Annotated[ChildQuery, Query()]
) -> Response:
    """The jobs that its handler spawned, newest first."""
    parent = await find(request, job_id)
    wanted = JobFilter(states=query.state, parent=parent.id)
    return await page(request, wanted, limit=query.limit, cursor=query.cursor)


async def page(
    request: Request, wanted: JobFilter, *, limit: int | None, cursor: str | None
) -> Response:
    """The page of the caller's jobs that `cursor` points at, or the first one, as an answer."""
    shown, following = await jobs_of(request, wanted, limit=limit, cursor=cursor)
    return Response(page_json(shown, following), media_type="application/json")


async def jobs_of(
    request: Request, wanted: JobFilter, *, limit: int | None, cursor: str | None
) -> tuple[list[Job], str | None]:
    """The jobs of that page, and the cursor of the following one."""
    parts, tenant = deps.of(request), deps.principal(request).tenant
    limit = limit or parts.settings.api.page_size
    before = cursors.decode(cursor, wanted, tenant=tenant) if cursor else None
    # One more than asked for says whether there is another page.
    found = await parts.reads.page(wanted, tenant=tenant, before=before, limit=limit + 1)
    shown, following = found[:limit], None
    if len(found) > limit:
        at = getattr(shown[-1], wanted.order.value)
        following = cursors.encode(Position(at, shown[-1].id), wanted, tenant=tenant)
    return shown, following
