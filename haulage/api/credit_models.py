"""Credits on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from haulage.api.key_models import Name
from haulage.api.models import Moment
from haulage.domain.credits import MOST, Book, Kind
from haulage.storage.credit_store import Balance

MAX_PAGE = 500
PAGE = 100
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class BalanceDocument(BaseModel):
    """What the tenant has. Without an account it is not charged, and all is 0."""

    charged: bool
    available: int = Field(description="May be reserved now.")
    reserved: int = Field(description="For runs that are not over.")
    spent: int
    next_expiry_at: datetime | None = Field(description="When the first of it expires.")
    opened_at: datetime | None

    @classmethod
    def of(cls, found: Balance | None) -> "BalanceDocument":
        """A tenant's balance; None has no account."""
        return cls(
            charged=found is not None,
            available=found.available if found else 0,
            reserved=found.reserved if found else 0,
            spent=found.spent if found else 0,
            next_expiry_at=found and found.next_expiry_at,
            opened_at=found and found.opened_at,
        )


class EntryDocument(BaseModel):
    """`amount` credits moved from the book `source` to the book `target`."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: Kind
    source: Book
    target: Book
    amount: int
    at: datetime
    job_id: UUID | None
    run: int | None
    grant_id: UUID | None


class EntryPage(BaseModel):
    """Entries, newest first; `next` is the cursor of the following page."""

    data: list[EntryDocument]
    next: str | None


def _as_list(value: object) -> object:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


class EntryQuery(BaseModel):
    """Which entries."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[list[Kind], BeforeValidator(_as_list)] = Field(
        default_factory=list, description="Any of these; all when left out."
    )
    job: UUID | None = Field(default=None, description="Of this job.")
    limit: int = Field(default=PAGE, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, max_length=1_000)


class GrantBody(BaseModel):
    """Credits to be given. A tenant's first grant opens its account."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"tenant": "acme", "amount": 500, "reference": "invoice 2030-017"}
        },
    )

    amount: int = Field(strict=True, ge=1, le=MOST)
    tenant: Name | None = Field(default=None, description="Your own when left out.")
    expires_at: Moment | None = Field(default=None, description="Never when left out.")
    note: Text | None = None
    reference: Text | None = Field(
        default=None, description="Your own name for it: under one, a grant counts once."
    )


class GrantDocument(BaseModel):
    """A grant; `remaining` of it are neither reserved, spent nor expired."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    tenant: str
    amount: int
    remaining: int
    granted_at: datetime
    granted_by: str
    expires_at: datetime | None
    note: str | None
    reference: str | None


class QuoteDocument(BaseModel):
    """What a job would reserve if it were submitted now, at most what it will cost."""

    type: str
    credits: int
    charged: bool = Field(description="Whether you are charged at all.")
    available: int
    suffices: bool
    lacking: int


class FindingDocument(BaseModel):
    """Something in the books that does not agree."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    tenant: str
    detail: str
    job_id: UUID | None
    run: int | None


class AuditDocument(BaseModel):
    """Nothing in it: the books agree."""

    data: list[FindingDocument]
