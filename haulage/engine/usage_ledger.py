"""Sums what is used of language models, behind a batcher: a call waits for nothing.

What a process has not yet written when it is killed is missing from the sums of the day; the job's
own usage, which is settled with it, is not.
"""

from haulage.domain.clock import Clock
from haulage.domain.ids import uuid7
from haulage.domain.language_model import ModelUsage
from haulage.engine.batcher import Batcher
from haulage.storage.usage_store import UsageStore, UsedCall


class StoredLedger:
    """See `domain.ports.UsageLedger`."""

    def __init__(self, store: UsageStore, clock: Clock) -> None:
        self._clock = clock
        self._calls: Batcher[UsedCall, None] = Batcher("usage", store.add, patience_s=None)

    def add(self, *, tenant: str, provider: str, model: str, usage: ModelUsage) -> None:
        """Have it written soon; while PostgreSQL is away it is kept."""
        self._calls.add(UsedCall(uuid7(), self._clock.now(), tenant, provider, model, usage))

    async def drain(self) -> None:
        """Wait until everything is written."""
        await self._calls.drain()
