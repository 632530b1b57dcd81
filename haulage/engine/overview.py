"""The overview: what the leading dispatcher tells of the queues as a whole, on its scrape target.

Promises: one dispatcher tells, the others tell nothing: who has lost the lead is silent at once.
"""

from collections.abc import Callable, Collection

from haulage.domain.clock import Clock
from haulage.storage.queue_reads import QueueDepth, QueueReads
from haulage.telemetry import metrics

_OF_ALL = (
    metrics.QUEUE_DEPTH,
    metrics.OLDEST_WAITING,
    metrics.JOBS_RUNNING,
    metrics.OLDEST_JOB,
    metrics.WORKERS_ALIVE,
)
NOTHING_THERE = QueueDepth()


class Overview:
    """A chore of whoever leads the dispatchers. `queues` are told of also while they are empty."""

    name = "overview"
    every_s = 5.0

    def __init__(self, reads: QueueReads, clock: Clock, *, queues: Collection[str]) -> None:
        self._reads = reads
        self._clock = clock
        self._queues = queues

    async def round(self, go_on: Callable[[], bool]) -> None:
        """Look, and tell."""
        depths = await self._reads.depths()
        others = await self._reads.totals()
        now = self._clock.now()
        if not go_on():
            return
        for name in {*self._queues, *depths}:
            its = depths.get(name, NOTHING_THERE)
            waits_s = 0.0 if its.oldest_at is None else (now - its.oldest_at).total_seconds()
            metrics.QUEUE_DEPTH.labels(queue=name).set(its.fresh + its.retries)
            metrics.OLDEST_WAITING.labels(queue=name).set(max(waits_s, 0.0))
            metrics.JOBS_RUNNING.labels(queue=name).set(its.running)
        metrics.OLDEST_JOB.clear()
        for type_, began_at in others.oldest.items():
            metrics.OLDEST_JOB.labels(type=type_).set((now - began_at).total_seconds())
        for pool, count in others.workers.items():
            metrics.WORKERS_ALIVE.labels(pool=pool).set(count)
        metrics.DEAD_LETTERS.set(others.dead_letters)


def be_silent() -> None:
    """Tell nothing any more: somebody else does."""
    for gauge in _OF_ALL:
        gauge.clear()
    metrics.DEAD_LETTERS.set(0)
