"""Dead letters as OpenAPI shows them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class GroupDocument(BaseModel):
    """Dead letters of one cause; code and message are those of the newest, `sample_job_id`."""

    fingerprint: str
    type: str
    code: str
    message: str
    count: int
    first_at: datetime
    last_at: datetime
    sample_job_id: UUID


class GroupPage(BaseModel):
    """Groups, the one that failed last first; `next` is the cursor of the following page."""

    data: list[GroupDocument]
    next: str | None
