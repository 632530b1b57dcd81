"""`GET /jobs/{id}/attempts`: what was tried, and how each try ended."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from haulage.api import deps
from haulage.api.documents import shown_error
from haulage.api.guard import Router, needs
from haulage.api.openapi import problems
from haulage.api.routes.jobs import NoQuery, find
from haulage.domain.scope import Scope
from haulage.storage.attempt_reads import AttemptReads

router = Router(prefix="/api/v1/jobs", tags=["jobs"])


class AttemptDocument(BaseModel):
    """One attempt. A snooze, a wait for children or a shutdown pauses it and ends none."""

    model_config = ConfigDict(from_attributes=True)

    number: int = Field(description="Counts anew in each run; a crash hands its number back.")
    run: int = Field(description="1, and one more with each redrive.")
    fence: int
    started_at: datetime
    ended_at: datetime | None
    duration_s: float = Field(description="Without the pauses, and without the piece that runs.")
    outcome: str = Field(
        examples=["running", "paused", "retry", "crashed", "succeeded", "failed", "cancelled"]
    )
    pieces: int = Field(description="How often it was begun or gone on with.")
    reason: str | None
    error: dict[str, Any] | None
    worker_id: UUID | None = Field(description="Of one that runs, or that a worker's death ended.")
    peak_rss_bytes: int | None


class AttemptsDocument(BaseModel):
    """A job's attempts, over all its runs, in their order."""

    data: list[AttemptDocument]


@router.get("/{job_id}/attempts", responses=problems(400, 404, 503), summary="List attempts")
@needs(Scope.READ)
async def attempts(
    request: Request, job_id: str, _query: Annotated[NoQuery, Query()]
) -> AttemptsDocument:
    """What was tried, when, and how it ended, with errors."""
    job = await find(request, job_id)
    found = await AttemptReads(deps.of(request).services.database).of(job.id)
    shown = [AttemptDocument.model_validate(one) for one in found]
    for one in shown:
        one.error = shown_error(one.error)
    return AttemptsDocument(data=shown)
