"""Bulk operations for tests: ordered, and run on workers of their own."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from haulage.domain import bulk
from haulage.domain.bulk import Action
from haulage.domain.job import Lease
from haulage.engine.executor import Executor, Stop
from haulage.engine.runner import invoke_async
from haulage.engine.services import Services
from haulage.storage.bulk_orders import Order
from haulage.storage.job_filter import JobFilter
from haulage.storage.json_text import loads
from tests.conftest import TestClock
from tests.factories import Hand, queued, row, state

EVERY = JobFilter(types=["echo"])


@dataclass
class Desk:
    """Orders bulk operations and runs them on workers of its own."""

    services: Services
    clock: TestClock

    async def order(self, action: Action, wanted: JobFilter = EVERY, **given: Any) -> UUID:
        """The operation's job; frozen at the moment after this one."""
        self.clock.advance(seconds=1)
        order = Order(action, wanted, self.clock.now(), **{"by": "ada", "reason": "stale", **given})
        text = TypeAdapter(Order).dump_json(order).decode()
        return await queued(
            self.services, type=bulk.TYPE, queue=bulk.QUEUE, input=text, max_attempts=3
        )

    async def lease(self, job_id: UUID) -> Lease:
        return await (await Hand.hired(self.services)).claim(job_id)

    async def work(self, lease: Lease) -> bool:
        return await Executor(self.services).run(lease, Stop(), invoke_async)

    async def run(self, job_id: UUID) -> dict[str, int]:
        """Run it to its end; what came of it."""
        assert await self.work(await self.lease(job_id))
        found = await row(self.services, job_id)
        assert found["state"] == "succeeded", found["error"]
        return found["result"]  # type: ignore[no-any-return]

    async def do(self, action: Action, wanted: JobFilter = EVERY, **given: Any) -> dict[str, int]:
        return await self.run(await self.order(action, wanted, **given))

    async def several(self, count: int, **given: Any) -> list[UUID]:
        return [await queued(self.services, **given) for _ in range(count)]

    async def read(self, lease: Lease) -> Order:
        """What the operation is to do."""
        text = await self.services.jobs.input_of(lease)
        return TypeAdapter(Order).validate_python(loads(text))


async def states(services: Services, ids: list[UUID]) -> list[str]:
    return [await state(services, job_id) for job_id in ids]


def outcome(**counts: int) -> dict[str, int]:
    return {"total": sum(counts.values()), "changed": 0, "skipped": 0, "failed": 0, **counts}
