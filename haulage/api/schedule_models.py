"""The bodies and documents of schedules."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from haulage.api.models import MAX_NAME, PriorityName
from haulage.domain.job import MAX_TAG_LENGTH

MissedName = Literal["skip", "run_once", "run_all"]


class ScheduleBody(BaseModel):
    """A job that comes again. What is left out, the job type's policy decides."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "morning-summary",
                "type": "summarize_text",
                "input": {"text": "It was the best of times …", "max_words": 80},
                "cron": "30 6 * * 1-5",
                "timezone": "Europe/Rome",
                "missed": "run_once",
            }
        },
    )

    name: str = Field(
        min_length=1,
        # Its jobs carry it in a tag, `schedule:NAME`.
        max_length=MAX_TAG_LENGTH - len("schedule:"),
        pattern=r"^[^\x00]+$",
        description="Unique among yours.",
    )
    type: str = Field(min_length=1, max_length=MAX_NAME, description="A name from /api/v1/types.")
    input: Any = Field(description="What the job type takes; see its input_schema.")
    cron: str = Field(
        max_length=MAX_NAME, description="Five fields: minute hour day month weekday."
    )
    timezone: str = Field(default="UTC", max_length=MAX_NAME, description="Such as Europe/Rome.")
    missed: MissedName = Field(
        default="run_once",
        description="What becomes of runs whose moment passed while nothing ran: none of them, one "
        "for all, or each (the last hundred).",
    )
    queue: str | None = Field(default=None, min_length=1, max_length=MAX_NAME)
    priority: PriorityName = "normal"
    tags: list[Annotated[str, Field(min_length=1, max_length=MAX_TAG_LENGTH)]] = []


class ScheduleDocument(BaseModel):
    """A schedule. `next_runs` are its next moments, in UTC; none while it is paused."""

    id: UUID
    name: str
    type: str
    input: Any
    cron: str
    timezone: str
    missed: MissedName
    queue: str
    priority: PriorityName
    tags: list[str]
    paused_at: datetime | None
    paused_by: str | None
    next_run_at: datetime | None
    next_runs: list[datetime]
    last_run_at: datetime | None
    last_job_id: UUID | None
    created_at: datetime
    created_by: str | None = Field(description="null: made before anybody kept it.")


class PreviewQuery(BaseModel):
    """A cron expression in a time zone, as in a schedule."""

    model_config = ConfigDict(extra="forbid")

    cron: str = Field(max_length=MAX_NAME, description="Five fields.", examples=["30 6 * * 1-5"])
    timezone: str = Field(default="UTC", max_length=MAX_NAME, description="Such as Europe/Rome.")


class PreviewDocument(BaseModel):
    """When such a schedule would run, in UTC."""

    next_runs: list[datetime]


class SchedulePage(BaseModel):
    """All schedules, by name."""

    data: list[ScheduleDocument]
    next: None = None
