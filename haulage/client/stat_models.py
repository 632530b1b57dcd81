"""What happened over time, as the API tells it; read like `models`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from haulage.client.models import known_fields, read_time


@dataclass(frozen=True, slots=True)
class Times:
    """Quantiles in seconds of `count` durations."""

    count: int = 0
    p50_s: float = 0.0
    p95_s: float = 0.0
    p99_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StatSum:
    """What happened in a span of time, the one that begins `at` or all of it.

    `latency` is from due to started, children left out, `duration` from first start to end; None
    when there was none.
    `failures` counts them by the error's code.
    """

    at: datetime | None = None
    submitted: int = 0
    started: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    latency: Times | None = None
    duration: Times | None = None
    failures: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """How many jobs came to an end."""
        return self.succeeded + self.failed + self.cancelled

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What is missing counts as nothing."""
        known = known_fields(cls, data) | {"at": read_time(data.get("at"))}
        for name in ("latency", "duration"):
            times = data.get(name)
            known[name] = Times(**known_fields(Times, times)) if times else None
        return cls(**known)


@dataclass(frozen=True, slots=True)
class QueueNow:
    """What lies in a queue now, over all tenants."""

    queue: str = ""
    waiting: int = 0
    running: int = 0
    scheduled: int = 0
    waiting_for_children: int = 0
    oldest_waiting_s: float | None = None


@dataclass(frozen=True, slots=True)
class StatsView:
    """A series of `points` from `since` to `to`, `step_s` seconds each, and all of them as one."""

    since: datetime
    to: datetime
    step_s: int
    points: tuple[StatSum, ...]
    total: StatSum
    queues: tuple[QueueNow, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Raises `KeyError` or `ValueError` when `data` is no such answer."""
        return cls(
            since=datetime.fromisoformat(data["from"]),
            to=datetime.fromisoformat(data["to"]),
            step_s=data["step_s"],
            points=tuple(StatSum.from_json(one) for one in data["data"]),
            total=StatSum.from_json(data["total"]),
            queues=tuple(QueueNow(**known_fields(QueueNow, one)) for one in data["now"]["queues"]),
            raw=data,
        )
