"""`GET /me`: who the API takes the caller for, and what it lets them do."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from haulage import __version__
from haulage.api import deps
from haulage.api.credit_models import BalanceDocument
from haulage.api.guard import Router, needs
from haulage.api.limit_models import OwnLimit
from haulage.api.openapi import problems
from haulage.api.own_limits import own_limits
from haulage.domain.scope import Scope

router = Router(prefix="/api/v1/me", tags=["keys"])


class MeQuery(BaseModel):
    """What comes along."""

    model_config = ConfigDict(extra="forbid")

    include: str = Field(
        default="",
        pattern=r"^((limits|credits)(,(limits|credits))?)?$",
        description="`limits` and `credits`, with a comma.",
    )


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
    limits: list[OwnLimit] | None = Field(
        default=None,
        description="Those that count for the key, its user or its tenant. null: not asked for, or "
        "Redis does not answer.",
    )
    credits: BalanceDocument | None = Field(default=None, description="null: not asked for.")


@router.get("", responses=problems(400, 503), summary="Who am I?")
@needs(*Scope)
async def me(request: Request, query: Annotated[MeQuery, Query()]) -> MeDocument:
    """Tenant, name and scopes of the caller, and what is left for it to use; any credential that
    counts may ask."""
    who, services = deps.principal(request), deps.of(request).services
    balance = None
    if "credits" in query.include:
        balance = BalanceDocument.of(await services.credits.balance(who.tenant))
    return MeDocument(
        tenant=who.tenant,
        subject=who.subject,
        scopes=[scope for scope in Scope if scope in who.scopes],
        user=who.caller.user,
        key=UUID(who.caller.key) if who.caller.key else None,
        auth=deps.of(request).gate.enabled,
        version=__version__,
        trace_url=deps.of(request).settings.api.trace_url,
        limits=await own_limits(request) if "limits" in query.include else None,
        credits=balance,
    )
