"""Settings of the limiter and the breakers."""

from typing import Literal

from pydantic import BaseModel, Field


class LimitsSettings(BaseModel):
    """Limits of a provider are in `haulage.toml` or set over HTTP. The ones here are for the pool
    `ai-tasks`, tasks that come from somebody else's API, under the names that such a worker's
    variables had; 0 switches one off."""

    enabled: bool = True
    strategy: Literal["rolling", "fixed"] = "rolling"
    timezone: str = "UTC"
    per_minute: int = Field(default=20, ge=0)
    per_hour: int = Field(default=100, ge=0)
    per_day: int = Field(default=500, ge=0)
    per_week: int = Field(default=2000, ge=0)
    per_month: int = Field(default=7500, ge=0)
    short_wait_s: float = Field(default=5.0, ge=0)
    breaker_failures: int = Field(default=5, ge=0)
    breaker_open_s: float = Field(default=60.0, gt=0)
