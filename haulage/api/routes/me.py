"""`GET /me`: who the API takes the caller for, and what it lets them do."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from haulage import __version__
from haulage.api import deps
from haulage.api.guard import Router, needs
from haulage.api.openapi import problems
from haulage.api.routes.jobs import NoQuery
from haulage.domain.scope import Scope

router = Router(prefix="/api/v1/me", tags=["keys"])


class MeDocument(BaseModel):
    """The caller as the API sees it."""

    tenant: str = Field(description="Whose jobs and files are shown.")
    subject: str = Field(description="What audit fields keep, such as a job's `cancelled_by`.")
    scopes: list[Scope] = Field(description="`admin` has all of them.")
    user: str | None = Field(description="A token's user.")
    key: UUID | None = Field(description="The id of the API key.")
    auth: bool = Field(description="False: nobody is asked who they are.")
    version: str = Field(description="Haulage's.")
    trace_url: str | None = Field(description="Where a trace is shown; has `{trace_id}`.")


@router.get("", responses=problems(400, 503), summary="Who am I?")
@needs(*Scope)
async def me(request: Request, _query: Annotated[NoQuery, Query()]) -> MeDocument:
    """Tenant, name and scopes of the caller; any credential that counts may ask."""
    who = deps.principal(request)
    return MeDocument(
        tenant=who.tenant,
        subject=who.subject,
        scopes=[scope for scope in Scope if scope in who.scopes],
        user=who.caller.user,
        key=UUID(who.caller.key) if who.caller.key else None,
        auth=deps.of(request).gate.enabled,
        version=__version__,
        trace_url=deps.of(request).settings.api.trace_url,
    )
