"""`GET /jobs/{id}/files`: what a job works on, and what it has made."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.documents import job_files_json
from haulage.api.guard import Router, needs
from haulage.api.models import FileDocument
from haulage.api.openapi import problems
from haulage.api.routes.jobs import NoQuery, find, known_uuid
from haulage.domain.files import made_id
from haulage.domain.scope import Scope
from haulage.storage.json_text import loads

router = Router(prefix="/api/v1/jobs", tags=["jobs"])


class JobFileDocument(FileDocument):
    """A file of a job."""

    role: Literal["named", "made"] = Field(description="By its input, or by its handler.")


class JobFilesDocument(BaseModel):
    """First what the input names, in its order; then what was made, oldest first."""

    data: list[JobFileDocument]


@router.get(
    "/{job_id}/files",
    response_class=Response,
    responses={200: {"model": JobFilesDocument}, **problems(400, 404, 503)},
    summary="List a job's files",
)
@needs(Scope.READ)
async def files(request: Request, job_id: str, _query: Annotated[NoQuery, Query()]) -> Response:
    """The files that its input names, in their order there, and those it has made. Job types that
    read several files as one count their pages through: one without `pages` counts as one."""
    job = await find(request, job_id, with_input=True)
    rows = await deps.of(request).services.files.of_job(job.id, tenant=job.tenant)
    made = {row.id for row in rows if row.id == made_id(job.id, row.sha256, row.name)}
    named = [row for row in rows if row.id not in made]
    if len(named) > 1:
        places: dict[UUID, int] = {}
        for one in _ids(loads(job.input or "null")):
            places.setdefault(one, len(places))
        named.sort(key=lambda row: places.get(row.id, len(places)))
    shown = [("named", row) for row in named]
    shown += [("made", row) for row in rows if row.id in made]
    return Response(job_files_json(shown), media_type="application/json")


def _ids(value: Any) -> Iterator[UUID]:
    """Every UUID in a JSON value, in the order of its text."""
    match value:
        case str():
            if (found := known_uuid(value)) is not None:
                yield found
        case dict():
            for one in value.values():
                yield from _ids(one)
        case list():
            for one in value:
                yield from _ids(one)
