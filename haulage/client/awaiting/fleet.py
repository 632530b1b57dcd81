"""What a client does with the installation: queues, workers, schedules, statistics, job types."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from haulage.client import calls, fleet_calls
from haulage.client.awaiting.caller import AsyncCaller
from haulage.client.fleet_models import QueueView, ScheduleView, WorkerView
from haulage.client.models import JobView, TypeView
from haulage.client.stat_models import StatsView


class AsyncFleet(AsyncCaller):
    """Queues, workers, schedules, job types, health."""

    async def queues(self) -> Sequence[QueueView]:
        """Every queue, with what lies in it and who serves it."""
        return await self._send(fleet_calls.queues())

    async def queue(self, name: str) -> QueueView:
        """One queue."""
        return await self._send(fleet_calls.queue(name))

    async def pause_queue(self, name: str, *, reason: str | None = None) -> QueueView:
        """Its jobs wait, what runs goes on. Paused before, the first one's words stay."""
        return await self._send(fleet_calls.pause_queue(name, reason))

    async def resume_queue(self, name: str) -> QueueView:
        """Its jobs are rung again within a second or so."""
        return await self._send(fleet_calls.resume_queue(name))

    async def workers(self) -> Sequence[WorkerView]:
        """The live workers and what they run."""
        return await self._send(fleet_calls.workers())

    async def worker(self, worker_id: UUID | str) -> WorkerView:
        """One worker, also one that has ended, for a day."""
        return await self._send(fleet_calls.worker(worker_id))

    async def drain_worker(self, worker_id: UUID | str) -> WorkerView:
        """Have it take no more jobs, finish what it runs or give it back, and exit."""
        return await self._send(fleet_calls.drain_worker(worker_id))

    async def schedules(self) -> Sequence[ScheduleView]:
        """All schedules with their next runs."""
        return await self._send(fleet_calls.schedules())

    async def schedule(self, schedule_id: UUID | str) -> ScheduleView:
        """One schedule."""
        return await self._send(fleet_calls.schedule(schedule_id))

    async def create_schedule(
        self,
        name: str,
        type: str,
        input: Any = None,
        *,
        cron: str,
        timezone: str = "UTC",
        missed: str | None = None,
        queue: str | None = None,
        priority: str | None = None,
        tags: Sequence[str] = (),
    ) -> ScheduleView:
        """A job that comes again; `cron` has five fields, `missed` is skip, run_once or run_all."""
        body = {
            "name": name,
            "type": type,
            "input": {} if input is None else input,
            "cron": cron,
            "timezone": timezone,
            "missed": missed,
            "queue": queue,
            "priority": priority,
            "tags": list(tags),
        }
        return await self._send(fleet_calls.create_schedule(body))

    async def pause_schedule(self, schedule_id: UUID | str) -> ScheduleView:
        """It makes no jobs until it is resumed."""
        return await self._send(fleet_calls.pause_schedule(schedule_id))

    async def resume_schedule(self, schedule_id: UUID | str) -> ScheduleView:
        """It goes on from its next moment; what the pause held back is not made up for."""
        return await self._send(fleet_calls.resume_schedule(schedule_id))

    async def run_schedule(self, schedule_id: UUID | str) -> JobView:
        """One job now, beside its runs."""
        return await self._send(fleet_calls.run_schedule(schedule_id))

    async def delete_schedule(self, schedule_id: UUID | str) -> None:
        """Forget it; the jobs it made stay."""
        await self._send(fleet_calls.delete_schedule(schedule_id))

    async def stats(
        self,
        *,
        since: datetime | None = None,
        to: datetime | None = None,
        step: str | None = None,
        type: str | Sequence[str] = (),
        queue: str | Sequence[str] = (),
    ) -> StatsView:
        """Throughput, waiting times, durations and failures over time, and what waits now.

        The last hour unless said. `step` is 1m, 5m, 15m, 1h, 6h or 1d.
        """
        query = {"from": since, "to": to, "step": step, "type": type, "queue": queue}
        return await self._send(fleet_calls.stats(query))

    async def types(self) -> Sequence[TypeView]:
        """The job types of this installation."""
        return await self._send(calls.types())

    async def health(self) -> dict[str, Any]:
        """How the API feels, in its own words; an unhealthy one answers too."""
        return await self._send(calls.health())

    async def ready(self) -> dict[str, Any]:
        """Whether a job that is submitted now would run, part by part."""
        return await self._send(calls.ready())
