"""The bodies and documents of the API, as OpenAPI shows them.

What comes in is validated by these models. What goes out is written by `documents.py`, and a test
holds the two together.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from haulage.domain.job import MAX_TAG_LENGTH, MAX_TAGS, Priority
from haulage.domain.lifecycle import State
from haulage.engine.intake import Submission

MAX_NAME = 200
MAX_ATTEMPTS = 100
MAX_TIMEOUT_S = 86_400

_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


def _iso(value: object) -> object:
    if isinstance(value, str) and _ISO.match(value):
        return value
    raise ValueError("must be an ISO 8601 date and time with a time zone, as text")


Moment = Annotated[AwareDatetime, BeforeValidator(_iso)]
PriorityName = Literal["high", "normal", "low"]


class Submit(BaseModel):
    """One job to run. What is left out, the job type's policy decides."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "type": "summarize_text",
                "input": {"text": "It was the best of times …", "max_words": 80},
                "priority": "high",
                "tags": ["demo"],
            }
        },
    )

    type: str = Field(min_length=1, max_length=MAX_NAME, description="A name from /api/v1/types.")
    input: Any = Field(description="What the job type takes; see its input_schema.")
    queue: str | None = Field(
        default=None, min_length=1, max_length=MAX_NAME, description="Another queue of its pool."
    )
    priority: PriorityName | None = Field(default=None, description="normal unless said.")
    run_at: Moment | None = Field(
        default=None, description="Not before this moment; at most a year ahead."
    )
    deadline: Moment | None = Field(
        default=None, description="Not started by this moment, the job fails."
    )
    tags: list[Annotated[str, Field(min_length=1, max_length=MAX_TAG_LENGTH)]] | None = Field(
        default=None, max_length=MAX_TAGS
    )
    max_attempts: int | None = Field(default=None, ge=1, le=MAX_ATTEMPTS, strict=True)
    timeout_s: float | None = Field(
        default=None,
        gt=0,
        le=MAX_TIMEOUT_S,
        strict=True,
        allow_inf_nan=False,
        description="Seconds that one attempt may take.",
    )
    webhook: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_NAME,
        description="The name of one of /api/v1/webhooks, which is told of this job.",
    )

    def submission(self) -> Submission:
        """The same in the engine's words."""
        return Submission(
            type=self.type,
            input=self.input,
            queue=self.queue,
            priority=Priority.from_label(self.priority) if self.priority else Priority.NORMAL,
            run_at=self.run_at,
            deadline=self.deadline,
            tags=tuple(self.tags or ()),
            max_attempts=self.max_attempts,
            timeout_s=self.timeout_s,
            webhook=self.webhook,
        )


class Batch(BaseModel):
    """Many jobs; all are accepted or none."""

    model_config = ConfigDict(extra="forbid")

    jobs: list[Submit] = Field(min_length=1)


class ProgressDocument(BaseModel):
    """How far a job is. `percent` is null while nobody can tell."""

    percent: float | None
    step: str | None
    done: int
    failed: int
    total: int | None


class UsageDocument(BaseModel):
    """What a job has used; `cost` in US dollars."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: float


class ErrorDocument(BaseModel):
    """Why a job failed, or why its last attempt did."""

    code: str
    message: str
    retryable: bool


class CostDocument(BaseModel):
    """What a job costs its tenant, in credits."""

    price: int = Field(description="What each run reserves.")
    cost: int | None = Field(description="What its runs have come to; null while the first lasts.")


class JobDocument(BaseModel):
    """A job. `result` is in place when it is small; `result_size` (bytes) tells of a large one."""

    id: UUID
    type: str
    state: State
    reason: str | None
    queue: str
    priority: PriorityName
    tags: list[str]
    run: int
    attempt: int
    max_attempts: int
    timeout_s: float
    crashes: int
    progress: ProgressDocument
    created_at: datetime
    scheduled_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    duration_s: float | None
    deadline: datetime | None
    usage: UsageDocument
    cancelled_by: str | None
    cancelled_at: datetime | None
    request_id: str | None
    trace_id: str | None = Field(
        description="Of the trace that its submit, its schedule or its first attempt began or "
        "belongs to."
    )
    parent_id: UUID | None = Field(description="The job whose handler spawned it.")
    error: ErrorDocument | None
    fingerprint: str | None = Field(description="What failures of the same cause share.")
    discarded_at: datetime | None = Field(description="When a dead letter was put aside.")
    result_size: int | None
    credits: CostDocument | None = Field(description="Null where nobody is charged.")
    result: Any
    input: Any = Field(default=None, description="Only with ?include=input.")


class JobsDocument(BaseModel):
    """The jobs of a batch, in its order."""

    jobs: list[JobDocument]


class JobPage(BaseModel):
    """Jobs, newest first, without their results; `next` is the cursor of the following page."""

    data: list[JobDocument]
    next: str | None


class LogLineDocument(BaseModel):
    """A line that a handler logged; `seq` is its event's number within the job."""

    seq: int
    at: datetime
    message: str
    fields: dict[str, Any]


class LogPage(BaseModel):
    """Log lines in their order."""

    data: list[LogLineDocument]
    next: str | None


class FileFault(BaseModel):
    """Why a file can't be opened."""

    code: str
    message: str


class FileDocument(BaseModel):
    """A file; `size` in bytes. `pages` is null for what has none, `fault` for what can be opened;
    `media_type` is what its content says."""

    id: UUID
    sha256: str
    size: int
    media_type: str
    name: str
    pages: int | None
    fault: FileFault | None
    created_at: datetime


class BackoffDocument(BaseModel):
    """Seconds before the second attempt, times `factor` from there, at most `max_s`, spread by
    `jitter` of itself."""

    base_s: float
    factor: float
    max_s: float
    jitter: float


class PolicyDocument(BaseModel):
    """What holds for the jobs of a type unless the submit says otherwise."""

    max_attempts: int
    timeout_s: float
    max_crashes: int
    retry_unknown: bool
    backoff: BackoffDocument
    price_credits: int | None = Field(description="Null: it follows from the input.")


class TypeDocument(BaseModel):
    """A job type; the schemas are JSON Schema 2020-12."""

    name: str
    description: str
    pool: Literal["io", "cpu"]
    queue: str
    policy: PolicyDocument
    example: Any
    input_schema: dict[str, Any]
    result_schema: dict[str, Any]


class TypePage(BaseModel):
    """All job types, by name."""

    data: list[TypeDocument]
    next: None


class ProblemFault(BaseModel):
    """One thing that does not fit: a place in the body, a query parameter or a header."""

    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None
    message: str


class Problem(BaseModel):
    """RFC 9457."""

    type: str = Field(examples=["urn:haulage:problem:unknown_job_type"])
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str | None
    errors: list[ProblemFault] = []
