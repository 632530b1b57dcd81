"""Lists of jobs: all of them by any filter, and the children of one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import cursors, deps
from haulage.api.documents import page_json
from haulage.api.models import JobPage, Moment
from haulage.api.openapi import problems
from haulage.api.routes.jobs import find
from haulage.domain.lifecycle import State
from haulage.storage.job_filter import JobFilter
from haulage.storage.job_lists import Position

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

MAX_PAGE = 500
MAX_WORDS = 100


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL")
    return value


Word = Annotated[str, Field(max_length=200), AfterValidator(_no_nul)]
Words = Annotated[list[Word], Field(max_length=MAX_WORDS)]


class PageQuery(BaseModel):
    """Which page of a list of jobs."""

    model_config = ConfigDict(extra="forbid")

    state: list[State] = []
    limit: int | None = Field(default=None, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, max_length=200)


class JobQuery(PageQuery):
    """Filters of a list. One that is repeated means 'any of'; for `tag`, 'all of'.

    A list with a range of `finished` goes by when jobs finished, one with a range of `started` by
    when they started, every other one by when they were created; newest first.
    """

    type: Words = []
    queue: Words = []
    tag: Words = Field(default=[], description="A schedule's jobs have the tag `schedule:NAME`.")
    created_after: Moment | None = Field(default=None, description="At or after this moment.")
    created_before: Moment | None = Field(default=None, description="Before this moment.")
    started_after: Moment | None = Field(default=None, description="At or after this moment.")
    started_before: Moment | None = Field(default=None, description="Before this moment.")
    finished_after: Moment | None = Field(default=None, description="At or after this moment.")
    finished_before: Moment | None = Field(default=None, description="Before this moment.")
    text: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_no_nul)] | None = (
        Field(
            default=None,
            description="A part of the last error, in any case: of its code and the beginning of "
            "its message, 400 characters together.",
        )
    )
    parent: UUID | None = Field(default=None, description="The children of this job.")

    def filter(self) -> JobFilter:
        """The same in the store's words."""
        return JobFilter(
            states=self.state,
            types=self.type,
            queues=self.queue,
            tags=self.tag,
            created_after=self.created_after,
            created_before=self.created_before,
            started_after=self.started_after,
            started_before=self.started_before,
            finished_after=self.finished_after,
            finished_before=self.finished_before,
            text=self.text,
            parent=self.parent,
        )


@router.get(
    "",
    response_class=Response,
    responses={200: {"model": JobPage}, **problems(400, 503)},
    summary="List jobs",
)
async def listing(request: Request, query: Annotated[JobQuery, Query()]) -> Response:
    """Newest first, page by page; jobs that come in between pages do not shift them."""
    return await page(request, query.filter(), limit=query.limit, cursor=query.cursor)


@router.get(
    "/{job_id}/children",
    response_class=Response,
    responses={200: {"model": JobPage}, **problems(400, 404, 503)},
    summary="List a job's children",
)
async def children(request: Request, job_id: str, query: Annotated[PageQuery, Query()]) -> Response:
    """The jobs that its handler spawned, newest first."""
    parent = await find(request, job_id)
    wanted = JobFilter(states=query.state, parent=parent.id)
    return await page(request, wanted, limit=query.limit, cursor=query.cursor)


async def page(
    request: Request, wanted: JobFilter, *, limit: int | None, cursor: str | None
) -> Response:
    """The page of the caller's jobs that `cursor` points at, or the first one."""
    parts, tenant = deps.of(request), deps.principal(request).tenant
    limit = limit or parts.settings.api.page_size
    before = cursors.decode(cursor, wanted, tenant=tenant) if cursor else None
    # One more than asked for says whether there is another page.
    found = await parts.reads.page(wanted, tenant=tenant, before=before, limit=limit + 1)
    shown, following = found[:limit], None
    if len(found) > limit:
        at = getattr(shown[-1], wanted.order.value)
        following = cursors.encode(Position(at, shown[-1].id), wanted, tenant=tenant)
    return Response(page_json(shown, following), media_type="application/json")
