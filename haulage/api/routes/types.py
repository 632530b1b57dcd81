"""Job types: what can be submitted, and with what."""

from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.guard import Router, needs
from haulage.api.models import TypeDocument, TypePage
from haulage.api.openapi import problems
from haulage.domain.scope import Scope

router = Router(prefix="/api/v1/types", tags=["types"])


@router.get(
    "", response_class=Response, responses={200: {"model": TypePage}}, summary="List job types"
)
@needs(Scope.READ)
async def listing(request: Request) -> Response:
    """All job types of this installation, by name."""
    return Response(deps.of(request).types.all, media_type="application/json")


@router.get(
    "/{name}",
    response_class=Response,
    responses={200: {"model": TypeDocument}, **problems(404)},
    summary="Look at a job type",
)
@needs(Scope.READ)
async def show(request: Request, name: str) -> Response:
    """What the type takes and gives, and its policy."""
    return Response(deps.of(request).types.one(name), media_type="application/json")
