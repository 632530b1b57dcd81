"""What children count is on their parent's scrape target."""

import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from haulage.telemetry.relay import Relay
from tests.support.live_system import until


class Family:
    """A parent with two counters, and children of it that are processes of their own."""

    def __init__(self) -> None:
        counted = CollectorRegistry()
        self.done = Counter("done_total", "Done", ["type"], registry=counted)
        self.took = Histogram("took_seconds", "Took", buckets=(1, 10), registry=counted)
        self.busy = Gauge("busy", "Busy", registry=counted)
        self.relay = Relay(counted)
        self.relay.listen()
        self.shown = CollectorRegistry()
        self.shown.register(self.relay)

    def child(self, work: Callable[[], None]) -> None:
        """Forked, does `work`, tells, and is gone."""
        pid = os.fork()
        if pid == 0:
            self.relay.born()
            work()
            self.relay.tell()
            os._exit(0)
        os.waitpid(pid, 0)

    def value(self, name: str, **labels: str) -> float | None:
        return self.shown.get_sample_value(name, labels)


def test_children_that_are_gone_still_count() -> None:
    family = Family()
    family.done.labels("a").inc(5)
    for _ in range(3):
        family.child(lambda: family.done.labels("a").inc(2))
    until(lambda: family.value("done_total", type="a") == 11)


def test_what_only_a_child_has_counted_is_there() -> None:
    family = Family()
    family.child(lambda: family.done.labels("b").inc())
    until(lambda: family.value("done_total", type="b") == 1)


def test_histograms_are_added_bucket_by_bucket() -> None:
    family = Family()
    family.took.observe(0.5)
    family.child(lambda: family.took.observe(5))
    until(lambda: family.value("took_seconds_count") == 2)
    assert family.value("took_seconds_bucket", le="1.0") == 1
    assert family.value("took_seconds_bucket", le="10.0") == 2
    assert family.value("took_seconds_sum") == 5.5


def test_gauges_are_the_parents() -> None:
    family = Family()
    family.busy.set(1)

    def work() -> None:
        family.busy.set(7)
        family.done.labels("c").inc()

    family.child(work)
    until(lambda: family.value("done_total", type="c") == 1)
    assert family.value("busy") == 1
