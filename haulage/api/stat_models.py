"""The query and the document of `GET /stats`."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from haulage.api.filters import Words
from haulage.api.models import Moment

StepName = Literal["1m", "5m", "15m", "1h", "6h", "1d"]
STEPS: dict[StepName, int] = {
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "1h": 3_600,
    "6h": 21_600,
    "1d": 86_400,
}


class StatQuery(BaseModel):
    """Which span of time, in which steps, of which jobs."""

    model_config = ConfigDict(extra="forbid")

    since: Moment | None = Field(
        default=None, alias="from", description="An hour before `to` unless said."
    )
    to: Moment | None = Field(default=None, description="Now unless said.")
    step: StepName | None = Field(
        default=None, description="The finest that makes no more than 300 points unless said."
    )
    type: Words = []
    queue: Words = []


class TimesDocument(BaseModel):
    """Quantiles in seconds, off by no more than 5 % of themselves."""

    count: int
    p50_s: float
    p95_s: float
    p99_s: float


class SumDocument(BaseModel):
    """What happened in a span of time."""

    submitted: int
    started: int = Field(description="Attempts that began: first ones, retries, after a pause.")
    succeeded: int
    failed: int = Field(description="Jobs that ended so; a retry is no end.")
    cancelled: int
    latency: TimesDocument | None = Field(
        description="From due to started, of each start; children, which wait for each other by "
        "the hundred, are left out."
    )
    duration: TimesDocument | None = Field(description="From first start to end, of each end.")
    failures: dict[str, int] = Field(description="By the error's code; the 50 most frequent.")


class PointDocument(SumDocument):
    """The span that begins at `at`."""

    at: datetime


class QueueNowDocument(BaseModel):
    """What lies in a queue now, over all tenants."""

    queue: str
    waiting: int
    running: int
    scheduled: int
    waiting_for_children: int
    oldest_waiting_s: float | None


class NowDocument(BaseModel):
    """How things stand."""

    at: datetime
    queues: list[QueueNowDocument]


class StatsDocument(BaseModel):
    """Every span from `since` to `to`, also those in which nothing happened, and all together.

    Counted as it happens, kept when jobs are forgotten, a few seconds late: by the minute for two
    days, by five minutes for two weeks, by the hour for 400 days.
    """

    since: datetime = Field(serialization_alias="from")
    to: datetime
    step_s: int
    data: list[PointDocument]
    total: SumDocument
    now: NowDocument
