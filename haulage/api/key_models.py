"""API keys on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from haulage.api.models import Moment
from haulage.domain.scope import Scope
from haulage.storage.account_store import KeyRow

# No control characters: names stand in logs and in lists of a terminal.
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]
MAX_OVERLAP_S = 30 * 86_400


class KeyBody(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"name": "web", "tenant": "acme", "scopes": ["submit", "read"]}
        },
    )

    name: Name = Field(description="Who it is for; audit fields show it.")
    tenant: Name | None = Field(default=None, description="Your own when left out.")
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    expires_at: Moment | None = Field(default=None, description="Never when left out.")


class RotateBody(BaseModel):
    """How a key gives way to its successor."""

    model_config = ConfigDict(extra="forbid")

    overlap_s: int = Field(
        default=86_400,
        strict=True,
        ge=0,
        le=MAX_OVERLAP_S,
        description="How long the old one goes on counting.",
    )


class KeyDocument(BaseModel):
    """A key as it stands; the key itself is never shown again."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    tenant: str
    prefix: str = Field(description="What the key begins with.")
    scopes: list[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    replaces: UUID | None = Field(description="The key it was rotated from.")
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None = Field(description="To within a minute.")
    last_used_from: str | None = Field(description="The address.")


class MadeKeyDocument(KeyDocument):
    """A new key, shown this once."""

    key: str = Field(description="Keep it: only its digest is stored.")

    @classmethod
    def of(cls, row: KeyRow, key: str) -> "MadeKeyDocument":
        """The key's row and its text."""
        return cls.model_validate({**KeyDocument.model_validate(row).model_dump(), "key": key})


class KeyPage(BaseModel):
    """Keys, newest first, also those that count no more."""

    data: list[KeyDocument]
