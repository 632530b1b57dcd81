"""Hears of jobs that were submitted in somebody else's transaction, between two ticks."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from haulage.domain.errors import Unavailable
from haulage.telemetry import logs

log = logs.get(__name__)

# Commits that come closer together than this are heard as one.
GATHER_S = 0.01
LISTEN_AGAIN_S = 1.0


class Announced:
    """Wakes one waiter when such a job was committed. A lost connection only makes it deaf for a
    second: the ticks find the jobs all the same."""

    def __init__(self, listen: Callable[[], AsyncGenerator[None, None]]) -> None:
        self._listen = listen
        self._heard = asyncio.Event()

    async def keep_listening(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                async with aclosing(self._listen()) as commits:
                    async for _ in commits:
                        self._heard.set()
            except Unavailable:
                log.warning("announcements.deaf")
            await asyncio.sleep(LISTEN_AGAIN_S)

    async def within(self, seconds: float, stop: asyncio.Event) -> bool:
        """Wait until something is heard, `seconds` are over or `stop` is set; whether it was."""
        waiting = {asyncio.ensure_future(one.wait()) for one in (self._heard, stop)}
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        heard = self._heard.is_set() and not stop.is_set()
        self._heard.clear()
        return heard
