"""`/asyncapi.json`: the events of jobs, for machines."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from haulage.api import asyncapi

router = APIRouter(tags=["events"])


@router.get("/asyncapi.json", include_in_schema=False)
async def show() -> JSONResponse:
    """What a stream of events says, as AsyncAPI 3."""
    return JSONResponse(asyncapi.document())
