"""Groups of dead letters, and bulk operations; read like `models`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from haulage.client.models import JobView, known_fields, read_time
from haulage.domain.lifecycle import TERMINAL


@dataclass(frozen=True, slots=True)
class GroupView:
    """Dead letters with one cause; code and message are those of the newest."""

    fingerprint: str
    type: str = ""
    code: str = ""
    message: str = ""
    count: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    sample_job_id: UUID | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` when `data` is not a group."""
        known = known_fields(cls, data, skip={"raw"}) | {"fingerprint": data["fingerprint"]}
        sample = data.get("sample_job_id")
        known["sample_job_id"] = UUID(str(sample)) if sample else None
        for name in ("first_at", "last_at"):
            known[name] = read_time(data.get(name))
        return cls(**known, raw=data)


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What a bulk operation would touch. Give `frozen_at`, as it is, to `start_bulk`."""

    action: str
    count: int
    frozen_at: str
    sample: tuple[JobView, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` when `data` is not a preview."""
        sample = tuple(JobView.from_json(job) for job in data["sample"])
        return cls(data["action"], data["count"], data["frozen_at"], sample, raw=data)


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """`done` jobs of `total` were looked at: changed, skipped or failed."""

    done: int = 0
    changed: int = 0
    skipped: int = 0
    failed: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class BulkView:
    """A bulk operation; its `state` is that of the job it is."""

    id: UUID
    action: str = ""
    filter: Mapping[str, Any] = field(default_factory=dict)
    frozen_at: datetime | None = None
    by: str = ""
    reason: str | None = None
    state: str = ""
    progress: BulkProgress = field(default_factory=BulkProgress)
    created_at: datetime | None = None
    finished_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_terminal(self) -> bool:
        """Whether it is over."""
        return self.state in TERMINAL

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is not a bulk operation."""
        known = known_fields(cls, data, skip={"raw"}) | {"id": UUID(str(data["id"]))}
        counts = known_fields(BulkProgress, data.get("progress") or {})
        known["progress"] = BulkProgress(**{k: v for k, v in counts.items() if v is not None})
        for name in ("frozen_at", "created_at", "finished_at"):
            known[name] = read_time(data.get(name))
        return cls(**known, raw=data)
