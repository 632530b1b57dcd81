"""Webhooks and what they were told; read like `models`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from haulage.client.models import known_fields, read_time


@dataclass(frozen=True, slots=True)
class WebhookView:
    """An endpoint that is told of jobs. `secret` is there right after it was made or replaced."""

    id: UUID
    name: str
    url: str
    events: tuple[str, ...] = ()
    jobs: str = "all"
    enabled: bool = True
    disabled_by: str | None = None
    failures: int = 0
    secrets: int = 1
    secret: str | None = field(default=None, repr=False)
    disabled_at: datetime | None = None
    failing_since: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is not a webhook."""
        known = known_fields(cls, data, skip={"raw"}) | {"id": UUID(str(data["id"]))}
        known["events"] = tuple(data.get("events") or ())
        for name in ("disabled_at", "failing_since"):
            known[name] = read_time(data.get(name))
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """What an endpoint was told, or is to be; `state` is pending, delivered or failed."""

    id: UUID
    event: str
    state: str
    job_id: UUID | None = None
    tried: int = 0
    status: int | None = None
    fault: str | None = None
    excerpt: str | None = None
    at: datetime | None = None
    due_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is not a delivery."""
        known = known_fields(cls, data, skip={"raw"}) | {"id": UUID(str(data["id"]))}
        known["job_id"] = UUID(data["job_id"]) if data.get("job_id") else None
        for name in ("at", "due_at"):
            known[name] = read_time(data.get(name))
        return cls(**known, raw=data)
