"""Usage: what language models have been used for, by day and model."""

import re
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from starlette.requests import Request

from haulage.api import deps
from haulage.api.guard import Router, needs
from haulage.api.openapi import problems
from haulage.domain.scope import Scope
from haulage.storage.usage_store import UsageStore

router = Router(prefix="/api/v1/usage", tags=["usage"])

DAYS = 30
MOST_ROWS = 10_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written(value: object) -> object:
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("must be a day, such as 2026-01-31")


Day = Annotated[date, BeforeValidator(_written)]


class UsageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: Day | None = Field(default=None, description="First day, UTC; 30 days when left out.")
    until: Day | None = Field(default=None, description="Last day, UTC; today when left out.")

    @field_validator("until")
    @classmethod
    def _in_order(cls, until: date | None, info: ValidationInfo) -> date | None:
        since = info.data.get("since")
        if since and until and since > until:
            raise ValueError("is before `since`")
        return until


class UsageDocument(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    day: date
    provider: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float = Field(description="US dollars, without the unpriced calls.")
    unpriced_calls: int = Field(description="Calls of models whose price is not known.")


class UsageTotal(BaseModel):
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float
    unpriced_calls: int


class UsagePage(BaseModel):
    since: date
    until: date
    total: UsageTotal
    data: list[UsageDocument] = Field(description="A row for each day and model, newest first.")


@router.get("", responses=problems(400, 503), summary="Usage of language models")
@needs(Scope.READ)
async def listing(request: Request, query: Annotated[UsageQuery, Query()]) -> UsagePage:
    """Calls, tokens and cost by day and model, and their sum."""
    services, tenant = deps.of(request).services, deps.principal(request).tenant
    until = query.until or services.clock.now().date()
    since = query.since or until - timedelta(days=DAYS - 1)
    rows = await UsageStore(services.database).by_day(
        tenant=tenant, since=since, until=until, limit=MOST_ROWS
    )
    data = [UsageDocument.model_validate(row) for row in rows]
    return UsagePage(
        since=since,
        until=until,
        total=UsageTotal(
            calls=sum(row.calls for row in rows),
            input_tokens=sum(row.input_tokens for row in rows),
            output_tokens=sum(row.output_tokens for row in rows),
            cost=float(sum(row.cost for row in rows)),
            unpriced_calls=sum(row.unpriced_calls for row in rows),
        ),
        data=data,
    )
