"""The limiter's script on real servers, with the time as an argument."""

import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as redis
from redis import Redis as BlockingRedis

from haulage.brokers import redis_clients
from haulage.domain.limits import Asker
from haulage.limits import rules
from haulage.limits.limit import Limit, Pool, lane_of
from haulage.limits.script import LIMITER, Script
from haulage.runtime import ports
from haulage.runtime.redis import Redis

NOON_MS = round(datetime(2030, 6, 5, 12, tzinfo=UTC).timestamp() * 1000)
ME = "haulage:limits:turns:me"


@pytest.fixture(scope="session")
def path_redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The `redis-server` of the system, another version than the embedded one."""
    found = shutil.which("redis-server", path="/usr/local/bin:/usr/bin:/bin")
    if found is None:
        pytest.skip("no redis-server on PATH")
    folder = tmp_path_factory.mktemp("path-redis")
    with Redis.start(folder, binary=Path(found)) as server:
        yield server.url


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator["redis.Redis"]:
    """A client of an empty Redis, the embedded one."""
    opened = redis_clients.connect(redis_url)
    yield opened
    await opened.aclose()


class OwnRedis:
    """A Redis that can be killed and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with ports.reserve_free() as port:
            self._port = port.number
        self._running = ExitStack()
        self.url = self.start()

    def start(self) -> str:
        return self._running.enter_context(Redis.start(self._folder, port=self._port)).url

    def stop(self) -> None:
        self._running.close()

    def kill(self) -> None:
        """As `kill -9` does."""
        with BlockingRedis.from_url(self.url) as client:
            pid: int = client.info("server")["process_id"]  # type: ignore[index]
        os.kill(pid, signal.SIGKILL)
        self._running.close()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    made = OwnRedis(tmp_path / "redis")
    yield made
    made.stop()


class Line:
    """Calls the script as a process would, at the moment `ms` after noon."""

    script = Script(*LIMITER)

    def __init__(self, client: "redis.Redis", *limits: Limit, **pool: Any) -> None:
        self.client = client
        self.pool = Pool("p", limits, **{"slack_s": 0.0, **pool})
        self.ms = 0.0
        self.key = "haulage:limits:{p}"

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp((NOON_MS + self.ms) / 1000, UTC)

    async def call(self, *operations: list[Any], channel: str = ME) -> dict[str, Any]:
        """Everything the script says, moments as milliseconds after noon."""
        raw = await self.script.run(
            self.client,
            self.key,
            (
                channel,
                rules.encode(self.pool, self.now),
                json.dumps(operations),
                str(NOON_MS + self.ms),
            ),
        )
        _, generation, answers, granted, missing, more, _ = json.loads(raw)
        return {
            "generation": generation,
            "answers": [_since_noon(one) for one in answers or []],
            "granted": {one: at - NOON_MS for one, at in granted or [] if not isinstance(at, list)},
            "missing": list(missing),
            "more": more,
        }

    def taking(
        self,
        id: str,
        asker: Asker | None = None,
        *,
        tokens: int = 0,
        requests: int = 1,
        ttl_s: float = 600,
        stay: bool = False,
        asked_ms: float | None = None,
    ) -> list[Any]:
        lane = lane_of(self.pool, asker or Asker())
        stay_ms = NOON_MS if stay else -1
        asked_us = None if asked_ms is None else round(1000 * (NOON_MS + asked_ms))
        return ["take", id, lane, requests, tokens, round(ttl_s * 1000), stay_ms, asked_us]

    async def take(self, id: str, asker: Asker | None = None, **more: Any) -> list[Any]:
        """`[granted, ms]`, `[wait, ms, ref]` or `[never, ref]`."""
        (answer,) = (await self.call(self.taking(id, asker, **more)))["answers"]
        return answer

    async def settle(
        self,
        id: str,
        asker: Asker | None = None,
        *,
        tokens: int = 0,
        requests: int = 1,
        born: str = "",
    ) -> str:
        lane = lane_of(self.pool, asker or Asker())
        said = await self.call(["settle", id, requests, tokens, born, lane])
        return said["answers"][0][0]

    async def cancel(self, id: str) -> dict[str, Any]:
        return await self.call(["cancel", id])

    async def serve(self) -> dict[str, float]:
        """Who is let through now."""
        return (await self.call(["serve"]))["granted"]


def _since_noon(answer: Any) -> Any:
    if isinstance(answer, list) and answer[0] in ("granted", "wait"):
        return [answer[0], answer[1] - NOON_MS, *answer[2:3]]
    return answer
