"""The documents of limits. What is put is `PoolBody`, as `haulage.toml` has it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from haulage.limits.config import PoolBody


class LimitUsage(BaseModel):
    """One limit and what is used of it now."""

    name: str = Field(description="Such as `tokens per minute of each tenant`.")
    measure: Literal["requests", "tokens", "concurrency"]
    period: Literal["second", "minute", "hour", "day", "week", "month"] | None
    strategy: Literal["rolling", "fixed", "bucket"]
    scope: Literal["pool", "model", "tenant", "user", "key"]
    whose: str = Field(description="The model, tenant, user or key; empty for the whole pool.")
    current: int
    amount: int = Field(description="As it is set: for the period, or at once.")
    limit: int = Field(description="For a bucket what it holds, less what `slack_s` keeps back.")
    remaining: int = Field(description="What can be taken now; a bucket's level.")
    next_at: datetime | None = Field(
        description="When one more fits. null: when one of the calls under way ends."
    )
    reset_at: datetime = Field(description="When nothing of it is used any more, if nobody calls.")


class OwnLimit(LimitUsage):
    """A limit that counts for the caller, its tenant or its user."""

    pool: str = Field(
        description="`requests`, `jobs`, `jobs:NAME` and `running` limit callers; others what "
        "their jobs ask of a provider."
    )


class BreakerDocument(BaseModel):
    """The circuit breaker of the pool's provider."""

    state: Literal["closed", "open", "half_open"]
    retry_after_s: float
    failures: int = Field(description="In a row.")
    opens_after: int = Field(description="So many of them open it; 0: they never do.")


class LineDocument(BaseModel):
    """The calls of one tenant and model that wait for their turn."""

    tenant: str
    model: str
    waiting: int = Field(description="In their job's slot.")
    parked: int = Field(description="Their jobs are snoozed and come again before their turn.")


class PoolDocument(BaseModel):
    """A pool: how it is set, and how it stands."""

    name: str
    source: Literal["api", "file", "environment"] = Field(
        description="Where it was set. Over HTTP wins over the file, that over the environment."
    )
    settings: PoolBody
    version: str = Field(
        description="Of the settings: another for others. Sent with a change as `If-Match`, it is "
        "refused with 412 when somebody has changed them since."
    )
    set_by: str | None = Field(description="Who set it over HTTP; administrators see it.")
    set_at: datetime | None
    limits: list[LimitUsage] | None = Field(description="null: Redis does not answer.")
    waiting: int | None = Field(description="Calls in line, of all tenants.")
    parked: int | None = Field(description="Calls whose jobs come again before their turn.")
    lines: list[LineDocument] | None = Field(
        description="Who waits, the longest line first, 100 at most: administrators see all of it, "
        "others themselves."
    )
    frozen_s: float | None = Field(description="A provider refused; nothing goes for so long.")
    part: float | None = Field(description="This part of the limits is in force after a refusal.")
    breaker: BreakerDocument | None


class PoolPage(BaseModel):
    """All pools, by name."""

    data: list[PoolDocument]
    next: None = None
