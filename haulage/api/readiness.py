"""Whether a job that is submitted now would run: every part asked, each within two seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from haulage.engine.dispatcher import LEADERSHIP
from haulage.engine.services import Services
from haulage.settings import Settings
from haulage.storage.leader import led
from haulage.telemetry import logs

log = logs.get(__name__)

T = TypeVar("T")
PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part's answer: a word for programs, a sentence where something is to be done."""

    ready: bool
    detail: str = ""


class Readiness:
    """Asks the parts. `pings` are those of Redis and of a broker that is not it, by name."""

    def __init__(
        self,
        services: Services,
        settings: Settings,
        pings: Mapping[str, Callable[[], Awaitable[bool]]],
    ) -> None:
        self._services = services
        self._settings = settings
        self._pings = pings

    async def look(self) -> dict[str, Part]:
        """Every part by its name; the pools are `worker-io` and `worker-cpu`."""
        database, *pongs = await asyncio.gather(
            _asked(self._services.database.now), *(_asked(ping) for ping in self._pings.values())
        )
        parts = {"postgres": _answered(database)}
        for name, pong in zip(self._pings, pongs, strict=True):
            parts[name] = _answered(pong or None)
        dispatcher, workers = await asyncio.gather(
            _asked(lambda: led(self._services.database, LEADERSHIP)), _asked(self._workers)
        )
        parts["dispatcher"] = Part(
            bool(dispatcher), "" if dispatcher else "No dispatcher leads: run `haulage dispatcher`."
        )
        for pool in sorted(set(self._settings.queue_pools.values())):
            parts[f"worker-{pool}"] = _staffed(pool, (workers or {}).get(pool, 0))
        return parts

    async def _workers(self) -> dict[str, int]:
        since = self._services.clock.now() - timedelta(seconds=self._settings.engine.lease_s)
        pools: dict[str, int] = {}
        for worker in await self._services.workers.alive():
            if worker["heartbeat_at"] >= since:
                pools[worker["pool"]] = pools.get(worker["pool"], 0) + 1
        return pools


async def _asked(question: Callable[[], Awaitable[T]]) -> T | None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await question()
    except Exception as error:
        # Whatever it is, the part does not answer; the reason is for whoever runs this.
        log.warning("ready.part_silent", error=type(error).__name__)
        return None


def _answered(answer: object | None) -> Part:
    return Part(answer is not None, "" if answer is not None else "It does not answer.")


def _staffed(pool: str, number: int) -> Part:
    if number:
        return Part(True, f"{number} alive")
    return Part(False, f"No worker is alive: run `haulage worker --pool {pool}`.")
