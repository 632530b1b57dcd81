"""`GET /audit`: who asked for what, for administrators."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from haulage.api import deps
from haulage.api.filters import Passage
from haulage.api.guard import Router, needs
from haulage.api.openapi import problems
from haulage.api.routes.jobs import known_uuid
from haulage.domain.errors import InvalidCursor
from haulage.domain.scope import Scope
from haulage.storage.audit_store import AuditStore, Wanted

router = Router(prefix="/api/v1/audit", tags=["keys"])

MOST = 500


class AuditQuery(BaseModel):
    """Which entries."""

    model_config = ConfigDict(extra="forbid")

    tenant: Passage | None = Field(default=None, description="All when left out.")
    job_id: UUID | None = Field(default=None, description="Its submit, and what was done to it.")
    actor: Passage | None = Field(
        default=None, description="Who asked: a key's name or its id, or a token's `sub`."
    )
    action: Passage | None = Field(
        default=None,
        description="What for: a part of it, such as `cancel` or `POST /api/v1/keys`.",
    )
    limit: int = Field(default=100, ge=1, le=MOST)
    cursor: str | None = Field(default=None, max_length=400)


class EntryDocument(BaseModel):
    """One request to change something, by somebody who was let in."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime
    tenant: str
    subject: str = Field(description="A key's name, or a token's `sub`.")
    user: str | None = Field(description="A token's `sub`.")
    key: str | None = Field(description="The id of the API key.")
    address: str
    action: str = Field(examples=["POST /api/v1/jobs/{job_id}/cancel"])
    target: str = Field(description="The path that was asked.")
    request_id: str = Field(description="Jobs carry that of their submit.")


class AuditPage(BaseModel):
    """Newest first."""

    data: list[EntryDocument]
    next: UUID | None


@router.get("", responses=problems(400, 503), summary="Who asked for what")
@needs(Scope.ADMIN)
async def listing(request: Request, query: Annotated[AuditQuery, Query()]) -> AuditPage:
    """Submits, cancels, pauses, redrives, keys, … ; written before they were done."""
    before = None if query.cursor is None else known_uuid(query.cursor)
    if query.cursor is not None and before is None:
        raise InvalidCursor("The cursor was not made by this API.")
    store = AuditStore(deps.of(request).services.database)
    wanted = Wanted(tenant=query.tenant, job=query.job_id, actor=query.actor, action=query.action)
    found = await store.page(wanted, before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    return AuditPage(
        data=[EntryDocument.model_validate(one) for one in shown],
        next=shown[-1].id if len(found) > query.limit else None,
    )
