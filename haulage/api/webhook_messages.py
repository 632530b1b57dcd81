"""What endpoints are sent, as documents promise it: `webhooks` of OpenAPI, messages of AsyncAPI."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from haulage.domain.webhook import WebhookEvent


class JobLinks(BaseModel):
    """Where the rest is."""

    job: str
    result: str | None = Field(default=None, description="Of a job that succeeded.")


class JobTold(BaseModel):
    """A job at that moment; neither input nor result."""

    job_id: UUID
    seq: int = Field(description="Grows within a job.")
    job_type: str
    queue: str
    tags: list[str]
    run: int
    attempt: int
    error_code: str | None
    links: JobLinks


class WebhookJobMessage(BaseModel):
    """A job has ended, or is to be tried again."""

    type: Literal["job.succeeded", "job.failed", "job.cancelled", "job.retrying"]
    timestamp: datetime
    data: JobTold


class DisabledTold(BaseModel):
    """The endpoint that was switched off."""

    id: UUID
    name: str
    reason: str = Field(description="`failing` for days, or `gone` by its own word (410).")
    failing_since: datetime | None


class WebhookDisabledMessage(BaseModel):
    """Another endpoint of your tenant was disabled after a lasting failure."""

    type: Literal["webhook.disabled"]
    timestamp: datetime
    data: DisabledTold


class TestTold(BaseModel):
    """Who asked for it."""

    __test__ = False

    by: str


class WebhookTestMessage(BaseModel):
    """Somebody tests the endpoint."""

    type: Literal["webhook.test"]
    timestamp: datetime
    data: TestTold


MESSAGES: dict[WebhookEvent, type[BaseModel]] = {
    WebhookEvent.JOB_SUCCEEDED: WebhookJobMessage,
    WebhookEvent.JOB_FAILED: WebhookJobMessage,
    WebhookEvent.JOB_CANCELLED: WebhookJobMessage,
    WebhookEvent.JOB_RETRYING: WebhookJobMessage,
    WebhookEvent.WEBHOOK_DISABLED: WebhookDisabledMessage,
    WebhookEvent.WEBHOOK_TEST: WebhookTestMessage,
}
SUMMARIES = {
    WebhookEvent.JOB_SUCCEEDED: "A job has its result",
    WebhookEvent.JOB_FAILED: "A job has failed for good",
    WebhookEvent.JOB_CANCELLED: "A job was cancelled",
    WebhookEvent.JOB_RETRYING: "An attempt has failed; another follows",
    WebhookEvent.WEBHOOK_DISABLED: "Another endpoint was disabled",
    WebhookEvent.WEBHOOK_TEST: "Somebody tests the endpoint",
}
# Standard Webhooks.
HEADERS = {
    "webhook-id": "The same in every try and in a replay: keep it to see what comes twice.",
    "webhook-timestamp": "When it was sent, in seconds since 1970.",
    "webhook-signature": "`v1,` and a base64 HMAC-SHA256 of id, timestamp and body, one for each "
    "secret that counts, with spaces between them.",
}
_JOB = "https://jobs.example.org/api/v1/jobs/01a219e8-8057-706d-a9fd-869ef9cd9d36"
_TOLD: dict[str, Any] = {
    "job_id": "01a219e8-8057-706d-a9fd-869ef9cd9d36",
    "seq": 3,
    "job_type": "summarize_text",
    "queue": "io",
    "tags": ["order:7"],
    "run": 1,
    "attempt": 1,
    "error_code": None,
    "links": {"job": _JOB},
}
_DISABLED: dict[str, Any] = {
    "id": "01a219e8-8057-706d-a9fd-869ef9cd9d37",
    "name": "orders",
    "reason": "failing",
    "failing_since": "2026-11-21T22:00:00Z",
}


def example_of(event: WebhookEvent) -> dict[str, Any]:
    """One such message."""
    match event:
        case WebhookEvent.JOB_SUCCEEDED:
            data = {**_TOLD, "links": {"job": _JOB, "result": f"{_JOB}/result"}}
        case WebhookEvent.JOB_FAILED | WebhookEvent.JOB_RETRYING:
            data = {**_TOLD, "error_code": "provider_unavailable"}
        case WebhookEvent.JOB_CANCELLED:
            data = _TOLD
        case WebhookEvent.WEBHOOK_DISABLED:
            data = _DISABLED
        case WebhookEvent.WEBHOOK_TEST:
            data = {"by": "ops"}
    return {"type": event.value, "timestamp": "2026-11-26T22:00:00.123456Z", "data": data}
