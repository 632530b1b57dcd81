"""How a page of a file looks: what a reader holds a result against."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.guard import Router, needs
from haulage.api.openapi import header, problems
from haulage.api.representation import names_etag
from haulage.api.routes.files import find
from haulage.documents.page_images import WIDEST
from haulage.domain.scope import Scope

router = Router(prefix="/api/v1/files", tags=["files"])

MOST_PAGES = 1_000_000
_BYTES = {"schema": {"type": "string", "format": "binary"}}


class ImageQuery(BaseModel):
    """How large."""

    model_config = ConfigDict(extra="forbid")

    width: int = Field(
        default=1_200, ge=64, le=WIDEST, description="Pixels, at most: an image is not enlarged."
    )


@router.get(
    "/{file_id}/pages/{page}/image",
    response_class=Response,
    responses={
        200: {"description": "The page", "content": {"image/jpeg": _BYTES}},
        304: {"description": "You have it"},
        **problems(400, 404, 422, 503),
    },
    openapi_extra={"parameters": [header("If-None-Match")]},
    summary="Look at a page",
)
@needs(Scope.READ)
async def image(
    request: Request,
    file_id: str,
    page: Annotated[int, Path(ge=1, le=MOST_PAGES, description="Counted from 1.")],
    query: Annotated[ImageQuery, Query()],
) -> Response:
    """A page of a PDF, or of an image, as a JPEG: upright and whole, so that places given as shares
    of a page hold on it."""
    row = await find(request, file_id)
    etag = f'"{row.sha256}-{page}-{query.width}"'
    headers = {
        "ETag": etag,
        # The same for ever, yet for none but who may ask for it.
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    asked = (request.headers.get("if-none-match") or "").encode("latin-1")
    if names_etag(asked, etag.encode()):
        return Response(status_code=304, headers=headers)
    jpeg = await deps.of(request).pages.jpeg(row, page, wide=query.width)
    return Response(jpeg, media_type="image/jpeg", headers=headers)
