"""`/jobs/{id}/events`, also `/stream`: a job's history and what follows, as server-sent events."""

import re
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.errors import Refusal
from haulage.api.openapi import Responses, problems
from haulage.api.routes.jobs import MAX_SEQ, find
from haulage.api.sse import EventStream

router = APIRouter(prefix="/api/v1/jobs/{job_id}", tags=["events"])

_NUMBER = re.compile(r"[0-9]{1,18}")
_ANSWERS: Responses = {
    200: {
        "description": "Events: `id:` the number within the job, `event:` state, progress or log, "
        "`data:` JSON. Ends after the job's end.",
        "content": {
            "text/event-stream": {
                "example": 'id: 2\nevent: state\ndata: {"at":"2026-01-05T10:00:00Z",'
                '"state":"running","attempt":1}\n\n'
            }
        },
    },
    **problems(400, 404, 503),
}


class EventQuery(BaseModel):
    """Where a stream begins; `Last-Event-ID` does the same and wins."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(default=0, ge=0, le=MAX_SEQ, description="The number before the first.")


@router.get("/events", response_class=Response, responses=_ANSWERS, summary="Follow a job")
@router.get("/stream", response_class=Response, responses=_ANSWERS, summary="Follow a job")
async def events(request: Request, job_id: str, query: Annotated[EventQuery, Query()]) -> Response:
    """From the first event, or after `Last-Event-ID`, live until the job is over."""
    after = _last_event_id(request, default=query.after)
    job = await find(request, job_id)
    return EventStream(deps.of(request).hub.stream(job, after=after))


def _last_event_id(request: Request, *, default: int) -> int:
    said = request.headers.get("last-event-id", "")
    if not said:
        return default
    if not _NUMBER.fullmatch(said):
        raise Refusal(
            400,
            "invalid_last_event_id",
            "Invalid Last-Event-ID",
            "Last-Event-ID is the number of an event of this job.",
        )
    return int(said)
