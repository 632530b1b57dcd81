"""`GET /jobs/{id}/why`: why isn't it running?"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from haulage.api import deps
from haulage.api.guard import Router, needs
from haulage.api.openapi import problems
from haulage.api.routes.jobs import NoQuery, known_id, no_such_job
from haulage.domain.lifecycle import State
from haulage.domain.scope import Scope
from haulage.engine.why import why

router = Router(prefix="/api/v1/jobs", tags=["jobs"])


class CauseDocument(BaseModel):
    """One thing that stands between a job and its run. Decide by `code`."""

    code: str = Field(
        examples=[
            "queue_paused",
            "no_worker",
            "tenant_cap",
            "retry",
            "scheduled",
            "limit",
            "quota",
            "breaker",
        ]
    )
    message: str
    until: datetime | None = Field(description="When it ends by itself, where that is known.")
    details: dict[str, Any]


class WhyDocument(BaseModel):
    """The job's state and the causes, the deciding one first."""

    state: State
    causes: list[CauseDocument]


@router.get("/{job_id}/why", responses=problems(400, 404, 503), summary="Why isn't it running?")
@needs(Scope.READ)
async def explain(
    request: Request, job_id: str, _query: Annotated[NoQuery, Query()]
) -> WhyDocument:
    """Answered for every job; one that runs or is over says so."""
    parts, tenant = deps.of(request), deps.principal(request).tenant
    cap = parts.limits.book.caps().of(tenant)
    found = await why(parts.services, known_id(job_id), tenant=tenant, cap=cap)
    if found is None:
        raise no_such_job(job_id)
    return WhyDocument.model_validate(found, from_attributes=True)
