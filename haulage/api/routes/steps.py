"""`GET /jobs/{id}/steps`: the pieces of work that a job has finished and will not do again."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import cursors, deps
from haulage.api.documents import steps_json
from haulage.api.guard import Router, needs
from haulage.api.openapi import problems
from haulage.api.routes.jobs import find
from haulage.domain.scope import Scope
from haulage.storage.step_reads import StepReads

router = Router(prefix="/api/v1/jobs", tags=["jobs"])

MAX_PAGE = 500
PAGE = 100


class StepQuery(BaseModel):
    """Which page of a job's steps."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=PAGE, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, max_length=1_000)


class StepDocument(BaseModel):
    """A finished step. `value` is in place up to 4 kB, else null."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "part",
                "key": "part:0f3c:9a41",
                "fence": 2,
                "duration_s": 1.284,
                "finished_at": "2030-01-01T12:00:00Z",
                "size": 37,
                "value": {"summary": "It was the best of times."},
            }
        }
    )

    name: str
    key: str = Field(description="The name, a mark of the code's version, the arguments' digest.")
    fence: int = Field(description="Of the attempt that did it; see /attempts.")
    duration_s: float
    finished_at: datetime
    size: int | None = Field(description="Of the value as JSON, in bytes.")
    value: Any


class StepPage(BaseModel):
    """Finished steps in the order they were finished in."""

    data: list[StepDocument]
    next: str | None


@router.get(
    "/{job_id}/steps",
    response_class=Response,
    responses={200: {"model": StepPage}, **problems(400, 404, 503)},
    summary="List steps",
)
@needs(Scope.READ)
async def steps(request: Request, job_id: str, query: Annotated[StepQuery, Query()]) -> Response:
    """What the job has finished, over all its attempts and runs; oldest first."""
    job = await find(request, job_id)
    after = cursors.decode_step(query.cursor, of=job.id) if query.cursor else None
    reads = StepReads(deps.of(request).services.database)
    found = await reads.page(job.id, after=after, limit=query.limit + 1)
    shown, following = found[: query.limit], None
    if len(found) > query.limit:
        following = cursors.encode_step(shown[-1].finished_at, shown[-1].key, of=job.id)
    return Response(steps_json(shown, following), media_type="application/json")
