# Made by tools/blocking_client.py from haulage/client/awaiting/fleet.py: change that one.

"""What a client does with the installation: queues, workers, schedules, statistics, job types."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from haulage.client import calls, fleet_calls
from haulage.client.blocking.caller import Caller
from haulage.client.fleet_models import QueueView, ScheduleView, WorkerView
from haulage.client.models import JobView, TypeView
from haulage.client.stat_models import StatsView


class Fleet(Caller):
    """Queues, workers, schedules, job types, health."""

    def queues(self) -> Sequence[QueueView]:
        """Every queue, with what lies in it and who serves it."""
        return self._send(fleet_calls.queues())

    def queue(self, name: str) -> QueueView:
        """One queue."""
        return self._send(fleet_calls.queue(name))

    def pause_queue(self, name: str, *, reason: str | None = None) -> QueueView:
        """Its jobs wait, what runs goes on. Paused before, the first one's words stay."""
        return self._send(fleet_calls.pause_queue(name, reason))

    def resume_queue(self, name: str) -> QueueView:
        """Its jobs are rung again within a second or so."""
        return self._send(fleet_calls.resume_queue(name))

    def workers(self) -> Sequence[WorkerView]:
        """The live workers and what they run."""
        return self._send(fleet_calls.workers())

    def worker(self, worker_id: UUID | str) -> WorkerView:
        """One worker, also one that has ended, for a day."""
        return self._send(fleet_calls.worker(worker_id))

    def drain_worker(self, worker_id: UUID | str) -> WorkerView:
        """Have it take no more jobs, finish what it runs or give it back, and exit."""
        return self._send(fleet_calls.drain_worker(worker_id))

    def schedules(self) -> Sequence[ScheduleView]:
        """All schedules with their next runs."""
        return self._send(fleet_calls.schedules())

    def schedule(self, schedule_id: UUID | str) -> ScheduleView:
        """One schedule."""
        return self._send(fleet_calls.schedule(schedule_id))

    def create_schedule(
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
        return self._send(fleet_calls.create_schedule(body))

    def pause_schedule(self, schedule_id: UUID | str) -> ScheduleView:
        """It makes no jobs until it is resumed."""
        return self._send(fleet_calls.pause_schedule(schedule_id))

    def resume_schedule(self, schedule_id: UUID | str) -> ScheduleView:
        """It goes on from its next moment; what the pause held back is not made up for."""
        return self._send(fleet_calls.resume_schedule(schedule_id))

    def run_schedule(self, schedule_id: UUID | str) -> JobView:
        """One job now, beside its runs."""
        return self._send(fleet_calls.run_schedule(schedule_id))

    def delete_schedule(self, schedule_id: UUID | str) -> None:
        """Forget it; the jobs it made stay."""
        self._send(fleet_calls.delete_schedule(schedule_id))

    def stats(
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
        return self._send(fleet_calls.stats(query))

    def types(self) -> Sequence[TypeView]:
        """The job types of this installation."""
        return self._send(calls.types())

    def health(self) -> dict[str, Any]:
        """How the API feels, in its own words; an unhealthy one answers too."""
        return self._send(calls.health())

    def ready(self) -> dict[str, Any]:
        """Whether a job that is submitted now would run, part by part."""
        return self._send(calls.ready())
