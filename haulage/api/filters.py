"""Which jobs a request means: the filters that lists and bulk operations share."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from haulage.api.models import Moment
from haulage.domain.lifecycle import State
from haulage.storage.job_filter import JobFilter

MAX_WORDS = 100


def without_nul(value: str) -> str:
    """`value`, unless it holds what no text in PostgreSQL can."""
    if "\x00" in value:
        raise ValueError("must not contain NUL")
    return value


Word = Annotated[str, Field(max_length=200), AfterValidator(without_nul)]
Words = Annotated[list[Word], Field(max_length=MAX_WORDS)]
Passage = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(without_nul)]


class Filters(BaseModel):
    """One that is repeated means 'any of'; for `tag`, 'all of'."""

    model_config = ConfigDict(extra="forbid")

    state: list[State] = []
    type: Words = []
    queue: Words = []
    tag: Words = Field(default=[], description="A schedule's jobs have the tag `schedule:NAME`.")
    created_after: Moment | None = Field(default=None, description="At or after this moment.")
    created_before: Moment | None = Field(default=None, description="Before this moment.")
    started_after: Moment | None = Field(default=None, description="At or after this moment.")
    started_before: Moment | None = Field(default=None, description="Before this moment.")
    finished_after: Moment | None = Field(default=None, description="At or after this moment.")
    finished_before: Moment | None = Field(default=None, description="Before this moment.")
    text: Passage | None = Field(
        default=None,
        description="A part of the last error, in any case: of its code and the beginning of "
        "its message, 400 characters together (200 in scripts of many bytes).",
    )
    parent: UUID | None = Field(default=None, description="The children of this job.")
    fingerprint: Word | None = Field(default=None, description="Of one group of dead letters.")

    def filter(self) -> JobFilter:
        """The same in the store's words."""
        return JobFilter(
            states=self.state,
            types=self.type,
            queues=self.queue,
            tags=self.tag,
            created_after=self.created_after,
            created_before=self.created_before,
            started_after=self.started_after,
            started_before=self.started_before,
            finished_after=self.finished_after,
            finished_before=self.finished_before,
            text=self.text,
            parent=self.parent,
            fingerprint=self.fingerprint,
        )
