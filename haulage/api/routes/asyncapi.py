"""`/asyncapi.json`: the events of jobs, for machines."""

from fastapi.responses import JSONResponse

from haulage.api import asyncapi
from haulage.api.guard import Router, needs

router = Router(tags=["events"])


@router.get("/asyncapi.json", include_in_schema=False)
@needs()
async def show() -> JSONResponse:
    """What a stream of events says, as AsyncAPI 3."""
    return JSONResponse(asyncapi.document())
