"""`/jobs/{id}/events`, also `/stream`: a job's history and what follows, as server-sent events;
`/jobs/{id}/ws`: the same over a WebSocket.
"""

import re
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from haulage.api import deps, sse, websocket
from haulage.api.errors import Refusal
from haulage.api.faults import HeaderFault
from haulage.api.guard import Router, chosen_protocol, needs
from haulage.api.openapi import Responses, problems
from haulage.api.routes.jobs import MAX_SEQ, find
from haulage.api.sse import EventStream
from haulage.domain.errors import NotFound, Unavailable
from haulage.domain.scope import Scope

router = Router(prefix="/api/v1/jobs/{job_id}", tags=["events"])

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
@needs(Scope.READ)
async def events(request: Request, job_id: str, query: Annotated[EventQuery, Query()]) -> Response:
    """From the first event, or after `Last-Event-ID`, live until the job is over."""
    after = _last_event_id(request, default=query.after)
    job = await find(request, job_id)
    return EventStream(deps.of(request).hub.stream(job, after=after, encode=sse.encode))


@router.websocket("/ws")
@needs(Scope.READ)
async def ws(socket: WebSocket, job_id: str) -> None:
    """Like `/events`, over a WebSocket; `after` says where to begin."""
    if websocket.from_elsewhere(socket):
        # Before it is accepted a close is a 403.
        await socket.close(websocket.UNFIT, "This page is of another site.")
        return
    # Once it is accepted: a browser is told nothing of a handshake that failed.
    await socket.accept(subprotocol=chosen_protocol(socket))
    try:
        query = EventQuery.model_validate(dict(socket.query_params))
        job = await find(socket, job_id)
    except ValidationError:
        await socket.close(websocket.UNFIT, "The only parameter is `after`, an event's number.")
    except NotFound:
        await socket.close(websocket.NO_SUCH_JOB, "There is no such job.")
    except Unavailable:
        await socket.close(websocket.BROKEN, "PostgreSQL does not answer right now; come back.")
    else:
        hub = deps.of(socket).hub
        await websocket.tell(socket, hub.stream(job, after=query.after, encode=websocket.encode))


def _last_event_id(request: Request, *, default: int) -> int:
    said = request.headers.get("last-event-id", "")
    if not said:
        return default
    if not _NUMBER.fullmatch(said):
        raise Refusal(
            400,
            "invalid_last_event_id",
            "Invalid Last-Event-ID",
            "Last-Event-ID is the number of an event of this job. Leave it out to hear them all.",
            errors=(HeaderFault("Last-Event-ID", "must be a number"),),
        )
    return int(said)
