"""One source against a strict API, its rounds made one by one by the test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from bench.task_api import CLIENT_ID, CLIENT_SECRET, TaskApi, task_api
from haulage import handlers
from haulage.connectors.poller import SourcePoller
from haulage.connectors.puller import Puller
from haulage.connectors.reporter import Reporter
from haulage.domain.job_type import Registry
from haulage.domain.outcome import Outcome, Succeeded
from haulage.engine.services import Services
from haulage.settings import Settings, load
from haulage.wiring.limits import open_limits
from haulage.wiring.poller import open_pollers, sources_of
from tests.factories import Hand

VECTOR = Succeeded(
    '{"embeddings": [[0.25, 0.5]], "model": "local:x", "dimensions": 2, "cached": 0, '
    '"usage": {"calls": 1, "input_tokens": 1, "cost": null}, "mock": false}'
)


@pytest.fixture
def api() -> Iterator[TaskApi]:
    with task_api() as running:
        yield running


@pytest.fixture
def registry() -> Registry:
    return handlers.load_all(())


@dataclass
class Desk:
    """A poller's parts, and a worker to do its jobs."""

    services: Services
    database_url: str
    poller: SourcePoller
    hand: Hand

    @property
    def puller(self) -> Puller:
        return self.poller._puller

    @property
    def reporter(self) -> Reporter:
        return self.poller._reporter

    async def pull(self) -> None:
        """A poll at its time."""
        self.puller._list_at = self.puller._not_before = 0.0
        await self.puller.round()

    async def report(self) -> None:
        """All reports that are due, to their notes."""
        while await self.reporter.round() == 0.0:
            await self.reporter.drain()
        await self.reporter.drain()

    async def work(self, outcome: Outcome = VECTOR) -> int:
        """Do all jobs that wait; how many."""
        waiting = [row["id"] for row in self.jobs() if row["state"] == "queued"]
        for job_id in waiting:
            await self.hand.run(job_id, outcome)
        return len(waiting)

    async def until(self, condition: Callable[[], object], within_s: float = 10.0) -> None:
        """Look every 10 ms until `condition` holds."""
        async with asyncio.timeout(within_s):
            while not condition():  # noqa: ASYNC110 - it happens elsewhere
                await asyncio.sleep(0.01)

    def jobs(self) -> list[dict[str, Any]]:
        return self.query("SELECT * FROM jobs ORDER BY created_at, id")

    def rows(self) -> list[dict[str, Any]]:
        return self.query("SELECT * FROM pulled_tasks ORDER BY pulled_at, task_id")

    def query(self, statement: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.database_url, row_factory=dict_row) as connection:
            return connection.execute(statement).fetchall()

    def job_ids(self) -> list[UUID]:
        return [row["id"] for row in self.jobs()]


class Desks:
    """Opens desks on one installation."""

    def __init__(
        self, services: Services, database_url: str, redis_url: str, opened: AsyncExitStack
    ) -> None:
        self._services = services
        self._database_url = database_url
        self._redis_url = redis_url
        self._opened = opened

    def settings(self, api: TaskApi, **env: str) -> Settings:
        return load(
            {
                "HAULAGE_DATABASE_URL": self._database_url,
                "HAULAGE_REDIS_URL": self._redis_url,
                "HAULAGE_CONFIG": "/nonexistent/haulage.toml",
                "API_BASE_URL": api.url,
                "OAUTH2_TOKEN_URL": f"{api.url}/oauth2/token",
                "OAUTH2_CLIENT_ID": CLIENT_ID,
                "OAUTH2_CLIENT_SECRET": CLIENT_SECRET,
                "RATE_LIMIT_ENABLED": "false",
                **env,
            }
        )

    async def open(self, api: TaskApi, **env: str) -> Desk:
        settings = self.settings(api, **env)
        services = self._services
        limits = await self._opened.enter_async_context(
            open_limits(settings, services.database, services.clock)
        )
        [poller, *_] = await self._opened.enter_async_context(
            open_pollers(settings, sources_of(settings), services, limits)
        )
        return Desk(services, self._database_url, poller, await Hand.hired(services))


@pytest.fixture
async def desks(services: Services, database_url: str, redis_url: str) -> AsyncIterator[Desks]:
    async with AsyncExitStack() as opened:
        yield Desks(services, database_url, redis_url, opened)


@pytest.fixture
async def desk(desks: Desks, api: TaskApi) -> Desk:
    return await desks.open(api)
