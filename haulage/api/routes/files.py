"""Files: documents that jobs work on, uploaded before the job is submitted."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.documents import file_json
from haulage.api.models import FileDocument
from haulage.api.openapi import problems
from haulage.api.uploads import FORM, Upload
from haulage.domain.errors import NotFound
from haulage.domain.ids import uuid7
from haulage.storage.file_store import FileRow

router = APIRouter(prefix="/api/v1/files", tags=["files"])

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
async def upload(request: Request, query: Annotated[UploadQuery, Query()]) -> Response:
    """As the field `file` of a form, or as the body itself with its content type and `?name=`."""
    parts = deps.of(request)
    given = Upload(request, name=query.name, limit=parts.settings.api.max_file_bytes)
    file_id = uuid7()
    stored = await parts.services.blobs.put_stream(given.content(), scratch=str(file_id))
    row = await parts.services.files.add(
        id=file_id,
        tenant=deps.principal(request).tenant,
        sha256=stored.sha256,
        size=stored.size,
        media_type=given.media_type,
        name=given.name,
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
async def show(request: Request, file_id: str) -> Response:
    """What is known of the file."""
    return Response(file_json(await _find(request, file_id)), media_type="application/json")


@router.get(
    "/{file_id}/content",
    response_class=Response,
    responses={
        200: {"description": "The bytes", "content": {"application/octet-stream": {}}},
        **problems(404, 503),
    },
    summary="Download a file",
)
async def content(request: Request, file_id: str) -> Response:
    """The file's bytes under its own media type."""
    row = await _find(request, file_id)
    return Response(
        await deps.of(request).services.files.content(row),
        media_type=row.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name, safe='')}",
            "ETag": f'"{row.sha256}"',
            # Whatever somebody uploaded must not act in this origin's name.
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )


async def _find(request: Request, file_id: str) -> FileRow:
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
