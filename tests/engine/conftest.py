"""Attempts on a real database, with job types that a test declares."""

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from haulage.domain.context import Context
from haulage.domain.job_type import Policy, Registry, job_type
from haulage.engine import bulk as operations
from haulage.engine.executor import Executor, Stop
from haulage.engine.runner import invoke_async
from haulage.engine.services import Services
from tests.conftest import TestClock
from tests.factories import Hand, queued
from tests.support.bulk_desk import Desk


class Anything(BaseModel):
    value: Any = None


class Bench:
    """Runs one handler of its own, attempt after attempt, on a worker of its own."""

    def __init__(self, services: Services, clock: TestClock, random: Random) -> None:
        self.services = services
        self.clock = clock
        self.executor = Executor(services, random=random)
        self.stop = Stop()

    def declare(
        self, handler: Callable[..., Any], *, name: str = "try", result: Any = Any, **policy: Any
    ) -> None:
        handler.__annotations__ = {"input": Anything, "ctx": Context, "return": result}
        job_type(name, registry=self.services.registry, policy=Policy(**policy))(handler)

    async def attempt(self, job_id: UUID) -> bool:
        """Claim and run; whether the settlement landed."""
        hand = await Hand.hired(self.services)
        self.stop = Stop()
        return await self.executor.run(await hand.claim(job_id), self.stop, invoke_async)

    async def run(self, handler: Callable[..., Any], *, result: Any = Any, **given: Any) -> UUID:
        """Declare, submit and run once; the job's id."""
        policy = {name: given.pop(name) for name in ("retry_unknown", "backoff") if name in given}
        self.declare(handler, result=result, **policy)
        job_id = await queued(self.services, type="try", **given)
        await self.attempt(job_id)
        return job_id

    async def again(self, job_id: UUID) -> bool:
        """The next attempt, as soon as it is due."""
        self.clock.advance(days=1)
        await self.services.dispatch.promote_due(limit=1)
        return await self.attempt(job_id)


@pytest.fixture
async def bench(services: Services, clock: TestClock, random: Random, registry: Registry) -> Bench:
    return Bench(services, clock, random)


@pytest.fixture
def desk(
    services: Services, clock: TestClock, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> Desk:
    """Bulk operations in batches of two."""
    operations.declare_in(registry)
    monkeypatch.setattr(operations, "BATCH", 2)
    monkeypatch.setattr(operations, "AHEAD", 5)
    return Desk(services, clock)
