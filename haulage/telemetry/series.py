"""Makes metrics from their entries in the catalogue, with label sets that are bounded.

Promises: however many values somebody makes up (job types, models, endpoints), a label of a metric
has at most `MOST_VALUES` of its own; those that come after share one, `other`.
"""

from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from haulage.telemetry.catalogue import Declared, declared

MOST_VALUES = 100
OTHER = "other"


class _Bounded:
    """Before a metric of Prometheus' client: `labels` with few values."""

    _labelnames: tuple[str, ...]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._values: tuple[set[str], ...] = tuple(set() for _ in self._labelnames)

    def labels(self, *values: Any, **named: Any) -> Any:
        """The series of these values, or the one of all that are too many."""
        if named:
            values = tuple(named[name] for name in self._labelnames)
        kept = (
            _one_of(known, str(value)) for known, value in zip(self._values, values, strict=True)
        )
        return super().labels(*kept)  # type: ignore[misc]


class _Counter(_Bounded, Counter): ...


class _Gauge(_Bounded, Gauge): ...


class _Histogram(_Bounded, Histogram): ...


def counter(name: str) -> Counter:
    """The counter of this name; raises `KeyError` for one that is not in the catalogue."""
    return counter_as(declared(name))


def counter_as(entry: Declared) -> Counter:
    """The counter of an entry that stands for several."""
    return _Counter(entry.name, entry.says, entry.labels)


def gauge(name: str) -> Gauge:
    """The gauge of this name."""
    entry = declared(name)
    return _Gauge(entry.name, entry.says, entry.labels)


def histogram(name: str) -> Histogram:
    """The histogram of this name."""
    entry = declared(name)
    return _Histogram(entry.name, entry.says, entry.labels, buckets=entry.buckets)


def _one_of(known: set[str], value: str) -> str:
    if value not in known:
        if len(known) >= MOST_VALUES:
            return OTHER
        known.add(value)
    return value
