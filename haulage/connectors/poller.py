"""Serves pull sources: for each, one of all pollers leads, pulls and reports; the others stand by.

The lead is a lock that dies with its holder, so that another takes over within a second. Neither
the promise that a task becomes one job nor the cap on unfinished jobs rests on it: the database
holds those.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum

from haulage.connectors.puller import Puller
from haulage.connectors.reporter import Reporter
from haulage.domain.errors import Unavailable
from haulage.storage.leader import Leader
from haulage.telemetry import logs

log = logs.get(__name__)

STANDBY_S = 0.5
AWAY_S = 1.0
BROKEN_S = 5.0


class Standing(StrEnum):
    """What a poller is to a source."""

    LEADS = "leads"
    STANDS_BY = "stands_by"
    # PostgreSQL, which says who leads, does not answer or has not been asked.
    UNKNOWN = "unknown"


class SourcePoller:
    """One source in one process."""

    def __init__(
        self,
        name: str,
        leader: Leader,
        puller: Puller,
        reporter: Reporter,
        *,
        shutdown_s: float,
    ) -> None:
        self.name = name
        self._leader = leader
        self._puller = puller
        self._reporter = reporter
        self._shutdown_s = shutdown_s
        self.standing = Standing.UNKNOWN

    async def run(self, stop: asyncio.Event) -> None:
        """Lead or stand by until `stop`; then finish the requests that are under way."""
        while not stop.is_set():
            if await self._leads():
                log.info("source.led", source=self.name)
                self.standing = Standing.LEADS
                await self._serve(stop)
                self.standing = Standing.UNKNOWN
            else:
                await pause(STANDBY_S, stop)
        with suppress(Unavailable):
            await self._leader.release()

    async def _leads(self) -> bool:
        try:
            leads = await self._leader.acquire()
        except Unavailable:
            log.warning("source.no_database", source=self.name)
            self.standing = Standing.UNKNOWN
            return False
        self.standing = Standing.LEADS if leads else Standing.STANDS_BY
        return leads

    async def _serve(self, stop: asyncio.Event) -> None:
        """Both loops, until somebody asks for the end or another leads."""
        over = asyncio.Event()
        loops = [
            asyncio.create_task(self._keep(self._puller.round, over, self._puller.room)),
            asyncio.create_task(self._keep(self._reporter.round, over, self._reporter.free)),
        ]
        try:
            while not stop.is_set() and await self._leader.held():
                await pause(AWAY_S, stop)
        finally:
            over.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._shutdown_s if stop.is_set() else 0.0):
                    await asyncio.gather(*loops)
                    await self._reporter.drain()
            for loop in loops:
                loop.cancel()
            self._reporter.abandon()
            await asyncio.gather(*loops, return_exceptions=True)
            await self._reporter.drain()

    async def _keep(
        self,
        work: Callable[[], Awaitable[float]],
        over: asyncio.Event,
        news: asyncio.Event,
    ) -> None:
        """Round after round; neither a server that is away nor a fault of ours ends it."""
        while not over.is_set():
            news.clear()
            try:
                wait_s = await work()
            except Unavailable as error:
                log.warning("source.unavailable", source=self.name, code=error.code)
                wait_s = AWAY_S
            except Exception:
                log.exception("source.broken", source=self.name)
                wait_s = BROKEN_S
            if wait_s > 0:
                await pause(wait_s, over, news)


async def pause(seconds: float, *events: asyncio.Event) -> None:
    """So long, or until one of `events` happens."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
