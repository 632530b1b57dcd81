"""The bodies and documents of webhooks."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from haulage.api.models import Moment
from haulage.domain.webhook import WebhookEvent

MAX_URL = 2_000
MAX_OVERLAP_S = 30 * 86_400
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f/]+$")
]
EventName = Literal[
    "job.succeeded", "job.failed", "job.cancelled", "job.retrying", "webhook.disabled"
]
Url = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL)]
Events = Annotated[list[EventName], Field(min_length=1, max_length=10)]
Telling = Literal["all", "named"]


class WebhookBody(BaseModel):
    """An endpoint to be told of jobs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"name": "orders", "url": "https://app.example.org/hooks/haulage"}
        },
    )

    name: Name = Field(description="Unique among yours; a submit can name it.")
    url: Url = Field(description="http or https, at a public address; no redirect is followed.")
    events: Events = Field(
        default=["job.succeeded", "job.failed", "job.cancelled"], description="What it is told of."
    )
    jobs: Telling = Field(
        default="all",
        description="`all`: every job that is submitted, not the children that jobs spawn; "
        "`named`: those whose submit names it.",
    )


class WebhookChange(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"events": ["job.failed"]}}
    )

    url: Url | None = None
    events: Events | None = None
    jobs: Telling | None = None
    enabled: bool | None = Field(
        default=None,
        strict=True,
        description="false: nothing more is sent, and what is pending is given up.",
    )


class RotateSecretBody(BaseModel):
    """How a secret gives way to the next."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: int = Field(
        default=86_400,
        strict=True,
        ge=0,
        le=MAX_OVERLAP_S,
        description="How long the old one signs beside the new one.",
    )


class ReplayBody(BaseModel):
    """Which deliveries are sent again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"since": "2030-01-01T00:00:00Z"}}
    )

    since: Moment = Field(description="Of what happened from then on.")
    state: Literal["failed", "delivered"] = "failed"


class WebhookDocument(BaseModel):
    """An endpoint. `failures` counts tries in a row that failed, the first at `failing_since`."""

    id: UUID
    name: str
    url: str
    events: list[EventName]
    jobs: Telling
    enabled: bool
    disabled_at: datetime | None
    disabled_by: str | None = Field(
        description="Who did, or `failing` after a lasting failure, `gone` after a 410."
    )
    failures: int
    failing_since: datetime | None
    rest_until: datetime | None = Field(description="It is left in peace until then.")
    secrets: int = Field(description="How many sign now.")
    created_at: datetime
    created_by: str


class MadeWebhookDocument(WebhookDocument):
    """The only answer that shows a secret."""

    secret: str = Field(description="`whsec_…`, for a library of Standard Webhooks.")


class WebhookPage(BaseModel):
    """All endpoints, by name."""

    data: list[WebhookDocument]
    next: None = None


class DeliveryDocument(BaseModel):
    """What an endpoint was told, or is to be. The id is the `webhook-id` of every try."""

    id: UUID
    event: WebhookEvent
    job_id: UUID | None
    seq: int | None
    at: datetime
    state: Literal["pending", "delivered", "failed"]
    tried: int
    due_at: datetime | None = Field(description="The next try, while it is pending.")
    tried_at: datetime | None
    ended_at: datetime | None
    status: int | None = Field(description="Of the last answer.")
    fault: str | None
    excerpt: str | None = Field(description="The beginning of an answer that refused, or why.")
    took_s: float | None


class DeliveryPage(BaseModel):
    """Deliveries, newest first."""

    data: list[DeliveryDocument]
    next: str | None


class ReplayDocument(BaseModel):
    """How many deliveries are sent again."""

    replayed: int
