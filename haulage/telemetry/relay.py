"""What the children of a process count, on their parent's scrape target.

Promises: a child's counters and histograms are added to the parent's, also when the child is gone,
however often they are recycled. Gauges are the parent's own: a sum of them would mean nothing. A
child that is killed takes with it what it counted since it last told, half a second as a rule.
"""

import json
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator

from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.registry import Collector

# Datagrams are whole or not at all, and have a largest size.
SAMPLES_AT_ONCE = 400
LARGEST_BYTES = 1 << 18
ADDED = ("counter", "histogram", "summary")
# Of the process itself: Prometheus' client counts them, not we.
OWN = ("process_", "python_")

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Relay(Collector):
    """Made before the fork. The parent listens and collects; each child is born and tells."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._there, self._here = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._there.setblocking(False)
        self._lock = threading.Lock()
        self._sums: defaultdict[_Key, float] = defaultdict(float)
        # In a child: what stood at its birth, which is its parent's, or was told since.
        self._told: dict[_Key, float] = {}

    # ── In the parent ────────────────────────────────────────────────────────────────────────────

    def listen(self) -> None:
        """Add up what children tell, in a thread, for as long as the process lives."""
        threading.Thread(target=self._listen, name="metrics-relay", daemon=True).start()

    def collect(self) -> Iterator[Metric]:
        """Everything of this process and of its children."""
        with self._lock:
            theirs = dict(self._sums)
        for metric in self._registry.collect():
            if _is_added(metric):
                _add(metric, theirs)
            yield metric

    def _listen(self) -> None:
        while True:
            said = json.loads(self._here.recv(LARGEST_BYTES))
            with self._lock:
                for name, labels, more in said:
                    self._sums[name, tuple(map(tuple, labels))] += more

    # ── In a child ───────────────────────────────────────────────────────────────────────────────

    def born(self) -> None:
        """What has been counted so far is the parent's."""
        self._told = self._standing()

    def tell(self) -> None:
        """Send what has been counted since. Never waits: what does not go goes the next time."""
        news = [
            (key, value)
            for key, value in self._standing().items()
            if value != self._told.get(key, 0.0)
        ]
        for start in range(0, len(news), SAMPLES_AT_ONCE):
            part = news[start : start + SAMPLES_AT_ONCE]
            said = [(*key, value - self._told.get(key, 0.0)) for key, value in part]
            try:
                self._there.send(json.dumps(said).encode())
            except OSError:
                return
            self._told.update(part)

    def _standing(self) -> dict[_Key, float]:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for metric in self._registry.collect()
            if _is_added(metric)
            for sample in metric.samples
            if not sample.name.endswith("_created")
        }


def _is_added(metric: Metric) -> bool:
    return metric.type in ADDED and not metric.name.startswith(OWN)


def _add(metric: Metric, theirs: dict[_Key, float]) -> None:
    """Sum by sample; what only children have counted is there too."""
    samples = []
    for sample in metric.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        samples.append(sample._replace(value=sample.value + theirs.pop(key, 0.0)))
    metric.samples = samples
    names = {metric.name + ending for ending in ("", "_total", "_bucket", "_count", "_sum")}
    for name, labels in [key for key in theirs if key[0] in names]:
        metric.add_sample(name, dict(labels), theirs.pop((name, labels)))
