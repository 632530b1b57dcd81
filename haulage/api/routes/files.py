"""Files: documents that jobs work on, uploaded before the job is submitted."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.documents import file_json
from haulage.api.downloads import download
from haulage.api.guard import Router, needs
from haulage.api.models import FileDocument
from haulage.api.openapi import header, problems
from haulage.api.uploads import FORM, Upload
from haulage.domain.errors import NotFound
from haulage.domain.ids import uuid7
from haulage.domain.scope import Scope
from haulage.storage.file_store import FileRow

router = Router(prefix="/api/v1/files", tags=["files"])

_BYTES = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "properties": {"file": _BYTES}, "required": ["file"]}


class UploadQuery(BaseModel):
    """For a body that is the file itself."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, max_length=1000, description="The file's name.")


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={
        201: {"model": FileDocument, "description": "Stored"},
        **problems(400, 413, 415, 422, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": _FORM}, "application/octet-stream": {"schema": _BYTES}},
        }
    },
    summary="Upload a file",
)
@needs(Scope.SUBMIT)
async def upload(request: Request, query: Annotated[UploadQuery, Query()]) -> Response:
    """As the field `file` of a form, or as the body itself with its content type and `?name=`."""
    parts = deps.of(request)
    given = Upload(request, name=query.name, limit=parts.settings.api.max_file_bytes)
    file_id = uuid7()
    stored = await parts.services.blobs.put_stream(given.content(), scratch=str(file_id))
    # The bytes are safe by now, whatever is in them.
    media_type = given.media_type
    found = await parts.arrivals.look(stored, media_type)
    row = await parts.services.files.add(
        id=file_id,
        tenant=deps.principal(request).tenant,
        sha256=stored.sha256,
        size=stored.size,
        media_type=media_type,
        name=given.name,
        pages=found.pages,
        fault_code=found.fault_code,
        fault=found.fault,
    )
    return Response(
        file_json(row),
        status_code=201,
        headers={"Location": f"/api/v1/files/{row.id}"},
        media_type="application/json",
    )


@router.get(
    "/{file_id}",
    response_class=Response,
    responses={200: {"model": FileDocument}, **problems(404, 503)},
    summary="Look at a file",
)
@needs(Scope.READ)
async def show(request: Request, file_id: str) -> Response:
    """What is known of the file."""
    return Response(file_json(await find(request, file_id)), media_type="application/json")


@router.get(
    "/{file_id}/content",
    response_class=Response,
    responses={
        200: {"description": "The bytes", "content": {"*/*": {}}},
        206: {"description": "The range", "content": {"*/*": {}}},
        304: {"description": "You have it"},
        **problems(404, 416, 503),
    },
    openapi_extra={"parameters": [header("Range"), header("If-Range"), header("If-None-Match")]},
    summary="Download a file",
)
@router.head("/{file_id}/content", include_in_schema=False)
@needs(Scope.READ)
async def content(request: Request, file_id: str) -> Response:
    """The file's bytes under its own media type; a single `Range` of them. `ETag` is its sha256."""
    return await download(request, await find(request, file_id), deps.of(request).services.blobs)


async def find(request: Request, file_id: str) -> FileRow:
    """The caller's file of that id; raises `NotFound`."""
    try:
        wanted = UUID(file_id)
    except ValueError:
        wanted = None
    row = None
    if wanted is not None:
        row = await deps.of(request).services.files.get(
            wanted, tenant=deps.principal(request).tenant
        )
    if row is None:
        raise NotFound(f"There is no file {file_id[:100]}.")
    return row
