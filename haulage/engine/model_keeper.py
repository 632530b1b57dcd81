"""Keeps the tables of language models small: known vectors beyond their bound, old batch ids."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from haulage.domain.clock import Clock
from haulage.storage.usage_store import UsageStore
from haulage.storage.vector_store import VectorStore
from haulage.telemetry.metrics import FORGOTTEN

BITE = 500
PAUSE_S = 0.05
# A batch comes again after a lost answer within seconds, or with PostgreSQL after hours.
BATCHES_KEPT = timedelta(days=2)


class ModelKeeper:
    """A chore of the leading dispatcher."""

    name = "model_keeper"
    every_s = 60.0

    def __init__(
        self, vectors: VectorStore, usage: UsageStore, clock: Clock, *, cache_bytes: int
    ) -> None:
        self._vectors = vectors
        self._usage = usage
        self._clock = clock
        self._cache_bytes = cache_bytes

    async def round(self, go_on: Callable[[], bool]) -> None:
        """Forget until nothing is due or `go_on` says no."""
        before = self._clock.now() - BATCHES_KEPT
        bites: dict[str, Callable[[], Awaitable[int]]] = {
            "vectors": lambda: self._vectors.forget_beyond(
                most_bytes=self._cache_bytes, limit=BITE
            ),
            "usage_batches": lambda: self._usage.forget_batches(before=before, limit=BITE),
        }
        for what, bite in bites.items():
            while go_on() and (gone := await bite()):
                FORGOTTEN.labels(what=what).inc(gone)
                await asyncio.sleep(PAUSE_S)
