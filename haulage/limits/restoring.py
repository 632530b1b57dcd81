"""Counters that outlive Redis, made again from PostgreSQL when Redis has lost them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from haulage.domain.errors import Unavailable
from haulage.limits.ledger import Ledger
from haulage.limits.limit import Pool
from haulage.telemetry import logs

log = logs.get(__name__)

AWAY_RETRY_S = 1.0


class Restoring:
    """Of one pool in one process. Until a counter is there its callers wait.

    `unwritten_s`: for so long after the loss other processes may hold what they have settled and
    not yet written. `over` is called when nothing is left to restore.
    """

    def __init__(
        self,
        ledger: Ledger | None,
        *,
        pool: Callable[[], Pool],
        tell: Callable[..., None],
        over: Callable[[], None],
        unwritten_s: float,
    ) -> None:
        self._ledger = ledger
        self._pool = pool
        self._tell = tell
        self._over = over
        self._unwritten_s = unwritten_s
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def begin(self, refs: Sequence[str], *, known_for_s: float) -> None:
        """Restore these; Redis has known the pool for so long."""
        rest_s = max(0.0, self._unwritten_s - known_for_s)
        for ref in refs:
            if ref not in self._under_way:
                task = asyncio.get_running_loop().create_task(self._restore(ref, rest_s))
                self._under_way[ref] = task

    async def wait(self) -> bool:
        """Until what is under way is there; False: there was nothing."""
        if not self._under_way:
            return False
        await asyncio.wait(set(self._under_way.values()))
        return True

    async def _restore(self, ref: str, rest_s: float) -> None:
        try:
            amounts: Any = []
            if self._ledger is not None:
                await asyncio.sleep(rest_s)
                amounts = await self._amounts(self._ledger, ref)
            self._tell("restore", ref, amounts)
        finally:
            del self._under_way[ref]
        if not self._under_way:
            self._over()

    async def _amounts(self, ledger: Ledger, ref: str) -> list[tuple[int, int]]:
        while True:
            try:
                return await ledger.amounts(self._pool(), ref)
            except Unavailable:
                log.warning("limits.unrestored", pool=self._pool().name)
                await asyncio.sleep(AWAY_RETRY_S)
