"""Callers, their keys, and what was done with them; read like `models`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from haulage.client.credit_models import BalanceView
from haulage.client.models import known_fields, read_time

_MOMENTS = ("created_at", "expires_at", "revoked_at", "last_used_at")


@dataclass(frozen=True, slots=True)
class KeyView:
    """An API key as it stands. `key` itself is there right after it was made, and never again."""

    id: UUID
    name: str
    tenant: str
    prefix: str = ""
    scopes: tuple[str, ...] = ()
    key: str | None = field(default=None, repr=False)
    created_at: datetime | None = None
    created_by: str = ""
    expires_at: datetime | None = None
    replaces: UUID | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    last_used_at: datetime | None = None
    last_used_from: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is not a key."""
        known = known_fields(cls, data, skip={"raw"}) | {"id": UUID(str(data["id"]))}
        known["scopes"] = tuple(data.get("scopes") or ())
        known["replaces"] = UUID(data["replaces"]) if data.get("replaces") else None
        known |= {name: read_time(data.get(name)) for name in _MOMENTS}
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class AuditView:
    """One request to change something, by somebody who was let in."""

    id: UUID
    action: str
    tenant: str = ""
    subject: str = ""
    at: datetime | None = None
    user: str | None = None
    key: str | None = None
    address: str = ""
    target: str = ""
    request_id: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is not an entry."""
        known = known_fields(cls, data, skip={"raw"}) | {"id": UUID(str(data["id"]))}
        return cls(**{**known, "at": read_time(data.get("at"))}, raw=data)


@dataclass(frozen=True, slots=True)
class OwnLimit:
    """A limit that counts for the caller: so much of it is used, so much can be taken now.

    `next_at`: when one more fits; None where the end of a running call or job decides.
    """

    pool: str
    name: str = ""
    current: int = 0
    limit: int = 0
    remaining: int = 0
    next_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is not a limit."""
        known = known_fields(cls, data, skip={"raw"}) | {"pool": data["pool"]}
        return cls(**{**known, "next_at": read_time(data.get("next_at"))}, raw=data)


@dataclass(frozen=True, slots=True)
class CallerView:
    """Who the API takes you for. `auth` is False where nobody is asked who they are; `limits` is
    None while Redis does not answer."""

    subject: str
    tenant: str
    scopes: tuple[str, ...] = ()
    user: str | None = None
    key: UUID | None = None
    auth: bool = True
    version: str = ""
    limits: tuple[OwnLimit, ...] | None = None
    credits: BalanceView | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is not a caller."""
        known = known_fields(cls, data, skip={"raw"})
        known |= {"subject": data["subject"], "tenant": data["tenant"]}
        known["scopes"] = tuple(data.get("scopes") or ())
        known["key"] = UUID(data["key"]) if data.get("key") else None
        limits, balance = data.get("limits"), data.get("credits")
        known["limits"] = None if limits is None else tuple(map(OwnLimit.from_json, limits))
        known["credits"] = balance and BalanceView.from_json(balance)
        return cls(**known, raw=data)
