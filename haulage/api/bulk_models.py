"""The bodies and documents of bulk operations, as OpenAPI shows them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    field_validator,
    model_validator,
)

from haulage.api.filters import Filters, without_nul
from haulage.api.models import JobDocument, Moment
from haulage.domain.bulk import Action
from haulage.domain.job import Job
from haulage.domain.lifecycle import State
from haulage.storage.bulk_orders import Order
from haulage.storage.bulk_store import Counts
from haulage.storage.job_filter import JobFilter

MAX_REASON_CHARS = 500
_EXAMPLE: dict[str, Any] = {"action": "cancel", "filter": {"type": ["crunch"], "state": ["queued"]}}
_NAMES = {"states": "state", "types": "type", "queues": "queue", "tags": "tag"}
_FILTER = TypeAdapter(JobFilter)


Reason = Annotated[
    str, Field(min_length=1, max_length=MAX_REASON_CHARS), AfterValidator(without_nul)
]


_LISTED = ("state", "type", "queue", "tag")


def _or_one(schema: dict[str, Any]) -> None:
    """Say in the schema that one word needs no list."""
    for name in _LISTED:
        its = schema["properties"][name]
        words = {key: its.pop(key) for key in ("type", "items", "maxItems") if key in its}
        its["anyOf"] = [words, words["items"]]


class BulkFilter(Filters):
    """Which jobs are meant, as in lists: any of each, all of `tag`. One word needs no list."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_or_one)

    all: bool = Field(
        default=False, strict=True, description="Every job; there is no other filter then."
    )

    @field_validator(*_LISTED, mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _means_something(self) -> "BulkFilter":
        empty = not any(self.model_dump(exclude={"all"}).values())
        if empty and not self.all:
            raise ValueError(
                'is empty, which would mean every job: name what is meant, or say {"all": true}'
            )
        if self.all and not empty:
            raise ValueError("has `all` beside other filters: leave one or the other out")
        return self


class BulkPreview(BaseModel):
    """What would be done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    action: Action
    filter: BulkFilter


class BulkBody(BaseModel):
    """What is to be done."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {**_EXAMPLE, "reason": "submitted twice"}},
    )

    action: Action
    filter: BulkFilter
    frozen_at: Moment | None = Field(
        default=None, description="A preview's; jobs from then on are left alone. Now unless said."
    )
    reason: Reason | None = Field(default=None, description="Kept with each job.")


class PreviewDocument(BaseModel):
    """How many jobs are meant, and the first of them."""

    action: Action
    filter: dict[str, Any]
    frozen_at: datetime
    count: int
    sample: list[JobDocument]


class BulkProgressDocument(BaseModel):
    """In jobs. `total` is null until they are counted; `skipped` did not fit any more when their
    turn came, `failed` could not be changed. Children that a cancel reaches are not counted."""

    done: int
    changed: int
    skipped: int
    failed: int
    total: int | None


class BulkDocument(BaseModel):
    """A bulk operation. It is a job too: the same id stands under /jobs."""

    id: UUID
    action: Action
    filter: dict[str, Any]
    frozen_at: datetime
    by: str
    reason: str | None
    state: State
    progress: BulkProgressDocument
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job, order: Order, counts: Counts | None) -> "BulkDocument":
        """The operation that `job` carries out."""
        return cls(
            id=job.id,
            action=order.action,
            filter=shown(order.wanted),
            frozen_at=order.frozen_at,
            by=order.by,
            reason=order.reason,
            state=job.state,
            progress=_progress(counts),
            created_at=job.created_at,
            finished_at=job.finished_at,
        )


def _progress(counts: Counts | None) -> BulkProgressDocument:
    if counts is None:
        return BulkProgressDocument(done=0, changed=0, skipped=0, failed=0, total=None)
    return BulkProgressDocument(
        done=counts.done,
        changed=counts.changed,
        skipped=counts.skipped,
        failed=counts.failed,
        total=counts.total,
    )


class BulkPage(BaseModel):
    """Bulk operations, newest first; `next` is the cursor of the following page."""

    data: list[BulkDocument]
    next: str | None


def shown(wanted: JobFilter) -> dict[str, Any]:
    """A filter as it was asked for."""
    said: dict[str, Any] = _FILTER.dump_python(wanted, mode="json")
    asked = {_NAMES.get(name, name): value for name, value in said.items() if value}
    return asked or {"all": True}
