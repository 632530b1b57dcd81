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
    limit: int = Field(description="For a bucket what it holds.")
    remaining: int
    reset_at: datetime = Field(description="When nothing of it is used any more, if nobody calls.")


class BreakerDocument(BaseModel):
    """The circuit breaker of the pool's provider."""

    state: Literal["closed", "open", "half_open"]
    retry_after_s: float


class PoolDocument(BaseModel):
    """A pool: how it is set, and how it stands."""

    name: str
    source: Literal["api", "file", "environment"] = Field(
        description="Where it was set. Over HTTP wins over the file, that over the environment."
    )
    settings: PoolBody
    limits: list[LimitUsage] | None = Field(description="null: Redis does not answer.")
    waiting: int | None = Field(description="Calls in line.")
    frozen_s: float | None = Field(description="A provider refused; nothing goes for so long.")
    part: float | None = Field(description="This part of the limits is in force after a refusal.")
    breaker: BreakerDocument | None


class PoolPage(BaseModel):
    """All pools, by name."""

    data: list[PoolDocument]
    next: None = None
