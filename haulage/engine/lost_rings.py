"""Rings again what was rung and has not been claimed.

How long it waits before it takes a message for lost depends on what is known of the broker. One
that has forgotten, or did not answer for a while, has lost what was rung until now; with nothing in
it and a worker that has a slot free, the message must be gone; else the job is waiting its turn.
"""

import math
import time
from collections.abc import Callable
from typing import Protocol

from haulage.domain.ports import Bell
from haulage.engine.services import Services
from haulage.engine.window import MOST_TIMES
from haulage.settings import EngineSettings
from haulage.telemetry import logs

log = logs.get(__name__)

# A broker that merely answers late now and then must not be sent everything twice each time.
SUPPOSED_EVERY_S = 10.0


class QueueLengths(Protocol):
    """How many messages lie in the broker for a queue; None when it does not answer."""

    async def __call__(self, queue: str) -> int | None: ...


class Memory(Protocol):
    """Whether the broker has lost messages that it had taken, as far as can be told."""

    async def lapsed(self) -> bool:
        """Whether it has since this was last asked; False while it does not answer."""
        ...


class LostRings:
    """For a process that leads; its queues are those of the settings."""

    def __init__(
        self,
        services: Services,
        *,
        settings: EngineSettings,
        queues: dict[str, str],
        lengths: QueueLengths,
        memory: Memory | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._settings = settings
        self._queues = queues
        self._lengths = lengths
        self._memory = memory
        self._monotonic = monotonic
        # Queues whose rings the broker has lost, as is known or supposed.
        self._forgotten: set[str] = set()
        # Queues of which it said nothing when it was last asked.
        self._unanswered: set[str] = set()
        self._supposed_at: dict[str, float] = {}

    async def ring_again(self) -> None:
        """One round over all queues.

        A suspect has little patience with a place of its own, whatever the broker says.
        """
        settings, dispatch = self._settings, self._services.dispatch
        if self._memory is not None and await self._memory.lapsed():
            log.warning("dispatcher.broker_forgot")
            self._forgotten |= set(self._queues)
        for queue in self._queues:
            bells = await dispatch.take_unattended(
                queue, limit=settings.window, aging_s=settings.aging_s
            )
            if (patience_s := await self._patience_s(queue)) is not None:
                bells += await self._taken(queue, patience_s)
                self._forgotten.discard(queue)
            if bells:
                log.info("dispatcher.rang_again", queue=queue, jobs=len(bells))
                self._services.doorbell.ring(bells)

    async def _taken(self, queue: str, patience_s: float) -> list[Bell]:
        """What was rung so long before now; not what this very round rings again."""
        settings, began = self._settings, self._monotonic()
        bells: list[Bell] = []
        for _ in range(MOST_TIMES):
            lost = await self._services.dispatch.take_lost(
                queue,
                older_than_s=patience_s + self._monotonic() - began,
                limit=settings.window,
                aging_s=settings.aging_s,
            )
            bells += lost
            if len(lost) < settings.window:
                break
        return bells

    async def _patience_s(self, queue: str) -> float | None:
        """The age at which a ring of this queue counts as lost now; None: none does."""
        length = await self._lengths(queue)
        if length is None:
            self._unanswered.add(queue)
            return None
        if queue in self._unanswered and self._may_suppose(queue):
            self._forgotten.add(queue)
        if queue in self._forgotten:
            self._unanswered.discard(queue)
            return 0.0
        if length == 0 and await self._services.dispatch.has_free_slot(queue):
            return self._settings.rering_s
        return self._settings.rering_congested_s

    def _may_suppose(self, queue: str) -> bool:
        """Whether it is long enough ago that a silence, in which rings are refused, had it take
        all of them for lost."""
        now = self._monotonic()
        if now - self._supposed_at.get(queue, -math.inf) < SUPPOSED_EVERY_S:
            return False
        self._supposed_at[queue] = now
        return True
