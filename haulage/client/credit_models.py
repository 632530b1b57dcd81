"""Balances, entries and prices, as the client reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from haulage.client.models import known_fields, read_time


def _read_id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


@dataclass(frozen=True, slots=True)
class BalanceView:
    """What your tenant has; one that is not `charged` needs none."""

    charged: bool = False
    available: int = 0
    reserved: int = 0
    spent: int = 0
    next_expiry_at: datetime | None = None
    opened_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read `/credits`."""
        known = known_fields(cls, data, skip={"raw"})
        for name in ("next_expiry_at", "opened_at"):
            known[name] = read_time(data.get(name))
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class EntryView:
    """`amount` credits that moved from the book `source` to the book `target`."""

    id: int
    kind: str = ""
    source: str = ""
    target: str = ""
    amount: int = 0
    at: datetime | None = None
    job_id: UUID | None = None
    run: int | None = None
    grant_id: UUID | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` when `data` is not an entry."""
        known = known_fields(cls, data, skip={"raw"}) | {"id": int(data["id"])}
        known["at"] = read_time(data.get("at"))
        known["job_id"] = _read_id(data.get("job_id"))
        known["grant_id"] = _read_id(data.get("grant_id"))
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class GrantView:
    """Credits that were given to a tenant; `remaining` of them are left."""

    id: UUID
    tenant: str = ""
    amount: int = 0
    remaining: int = 0
    granted_by: str = ""
    expires_at: datetime | None = None
    reference: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` when `data` is not a grant."""
        known = known_fields(cls, data, skip={"raw"}) | {"id": UUID(str(data["id"]))}
        known["expires_at"] = read_time(data.get("expires_at"))
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class QuoteView:
    """What a job would reserve, at most what it will cost."""

    type: str = ""
    credits: int = 0
    charged: bool = False
    available: int = 0
    suffices: bool = True
    lacking: int = 0

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a quote."""
        return cls(**known_fields(cls, data))


@dataclass(frozen=True, slots=True)
class FindingView:
    """Something in the books that does not agree."""

    code: str
    tenant: str = ""
    detail: str = ""
    job_id: UUID | None = None
    run: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` when `data` is not a finding."""
        known = known_fields(cls, data, skip={"raw"}) | {"code": data["code"]}
        known["job_id"] = _read_id(data.get("job_id"))
        return cls(**known, raw=data)
