"""`AsyncClient`: the API for programs on an asyncio loop. What each method does: see `Client`."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

from haulage.client import calls, fleet_calls
from haulage.client.address import Address, find_address
from haulage.client.calls import Call, Submission
from haulage.client.errors import ApiError, WaitTimeout
from haulage.client.fleet_models import (
    AttemptView,
    QueueView,
    ScheduleView,
    WhyView,
    WorkerView,
)
from haulage.client.following import Attempts, Broken, Deadline, Expired, Following, Polling
from haulage.client.models import Event, FileView, JobView, LogLine, TypeView

T = TypeVar("T")


class AsyncClient:
    """The awaited face of `Client`: same methods, same arguments, same errors.

    Many tasks of one loop may share it; close it or use `async with`.
    """

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, timeout_s: float = 30.0
    ) -> None:
        # httpx is a heavy import: whoever only names this class should not pay for it.
        from haulage.client.transport import AwaitingTransport

        self.address: Address = find_address(url)
        key = api_key or os.environ.get("HAULAGE_API_KEY")
        self._transport = AwaitingTransport(self.address, key, timeout_s)

    async def submit(
        self,
        type: str,
        input: Any = None,
        *,
        queue: str | None = None,
        priority: str | None = None,
        run_at: datetime | None = None,
        tags: Sequence[str] = (),
        max_attempts: int | None = None,
        timeout_s: float | None = None,
        deadline: datetime | None = None,
    ) -> JobView:
        """See `Client.submit`."""
        new = Submission(
            type, input, queue, priority, run_at, tags, max_attempts, timeout_s, deadline
        )
        return await self._send(calls.submit(new))

    async def submit_many(self, jobs: Iterable[Submission]) -> Sequence[JobView]:
        """See `Client.submit_many`."""
        return await self._send(calls.submit_many(jobs))

    async def get(self, job_id: UUID | str, *, include: Sequence[str] = ()) -> JobView:
        """See `Client.get`."""
        return await self._send(calls.get(job_id, include))

    async def list(
        self,
        *,
        state: str | None = None,
        type: str | None = None,
        queue: str | None = None,
        tag: str | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[JobView]:
        """See `Client.list`."""
        filters = {"state": state, "type": type, "queue": queue, "tag": tag, "limit": page_size}
        cursor: str | None = None
        while True:
            page = await self._send(calls.list_page(filters, cursor))
            for job in page.data:
                yield job
            cursor = page.next
            if not cursor:
                return

    async def cancel(self, job_id: UUID | str) -> JobView:
        """See `Client.cancel`."""
        return await self._send(calls.cancel(job_id))

    async def result(self, job_id: UUID | str) -> Any:
        """See `Client.result`."""
        return await self._send(calls.result(job_id))

    async def wait(self, job_id: UUID | str, *, timeout_s: float | None = None) -> JobView:
        """See `Client.wait`."""
        deadline = Deadline(timeout_s)
        job = await self.get(job_id)
        if job.is_terminal:
            return job
        try:
            async for _ in self._follow(Following(job_id, self.address, deadline=deadline)):
                pass
        except Expired:
            pass
        except ApiError:
            # No events to be had, though the job is there: asking again and again works too.
            pass
        polling = Polling(deadline)
        while not (job := await self.get(job_id)).is_terminal:
            try:
                pause_s = polling.pause()
            except Expired:
                raise WaitTimeout(job, timeout_s or 0.0) from None
            await asyncio.sleep(pause_s)
        return job

    def stream(self, job_id: UUID | str, *, after: int = 0) -> AsyncIterator[Event]:
        """See `Client.stream`."""
        return self._follow(Following(job_id, self.address, after=after))

    async def logs(self, job_id: UUID | str) -> AsyncIterator[LogLine]:
        """See `Client.logs`."""
        cursor: str | None = None
        while True:
            page = await self._send(calls.logs_page(job_id, cursor))
            for line in page.data:
                yield line
            cursor = page.next
            if not cursor:
                return

    async def why(self, job_id: UUID | str) -> WhyView:
        """See `Client.why`."""
        return await self._send(fleet_calls.why(job_id))

    async def attempts(self, job_id: UUID | str) -> Sequence[AttemptView]:
        """See `Client.attempts`."""
        return await self._send(fleet_calls.attempts(job_id))

    async def queues(self) -> Sequence[QueueView]:
        """See `Client.queues`."""
        return await self._send(fleet_calls.queues())

    async def queue(self, name: str) -> QueueView:
        """See `Client.queue`."""
        return await self._send(fleet_calls.queue(name))

    async def pause_queue(self, name: str, *, reason: str | None = None) -> QueueView:
        """See `Client.pause_queue`."""
        return await self._send(fleet_calls.pause_queue(name, reason))

    async def resume_queue(self, name: str) -> QueueView:
        """See `Client.resume_queue`."""
        return await self._send(fleet_calls.resume_queue(name))

    async def workers(self) -> Sequence[WorkerView]:
        """See `Client.workers`."""
        return await self._send(fleet_calls.workers())

    async def schedules(self) -> Sequence[ScheduleView]:
        """See `Client.schedules`."""
        return await self._send(fleet_calls.schedules())

    async def schedule(self, schedule_id: UUID | str) -> ScheduleView:
        """See `Client.schedule`."""
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
        """See `Client.create_schedule`."""
        body = {
            "name": name,
            "type": type,
            "input": {} if input is None else input,
            "cron": cron,
            "timezone": timezone,
            "missed": missed,
            "queue": queue,
            "priority": priority,
            "tags": list(tags) or None,
        }
        return await self._send(fleet_calls.create_schedule(body))

    async def pause_schedule(self, schedule_id: UUID | str) -> ScheduleView:
        """See `Client.pause_schedule`."""
        return await self._send(fleet_calls.pause_schedule(schedule_id))

    async def resume_schedule(self, schedule_id: UUID | str) -> ScheduleView:
        """See `Client.resume_schedule`."""
        return await self._send(fleet_calls.resume_schedule(schedule_id))

    async def run_schedule(self, schedule_id: UUID | str) -> JobView:
        """See `Client.run_schedule`."""
        return await self._send(fleet_calls.run_schedule(schedule_id))

    async def delete_schedule(self, schedule_id: UUID | str) -> None:
        """See `Client.delete_schedule`."""
        await self._send(fleet_calls.delete_schedule(schedule_id))

    async def upload(self, path: Path | str) -> FileView:
        """See `Client.upload`."""
        return await self._send(calls.upload(Path(path)))

    async def types(self) -> Sequence[TypeView]:
        """See `Client.types`."""
        return await self._send(calls.types())

    async def health(self) -> dict[str, Any]:
        """See `Client.health`."""
        return await self._send(calls.health())

    async def close(self) -> None:
        """See `Client.close`."""
        await self._transport.close()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> T:
        attempts = Attempts(call, self.address)
        while True:
            try:
                return await self._transport.send(call)
            except Broken as broken:
                await asyncio.sleep(attempts.pause_after(broken))

    async def _follow(self, following: Following) -> AsyncIterator[Event]:
        while not following.over:
            try:
                async with self._transport.open(
                    following.call(), silence_s=following.silence_s()
                ) as chunks:
                    following.connected()
                    async for chunk in chunks:
                        for event in following.take(chunk):
                            yield event
            except (Broken, ApiError) as failure:
                await asyncio.sleep(following.pause_after(failure))
            else:
                if not following.is_complete():
                    job = await self.get(following.job_id)
                    await asyncio.sleep(following.pause_after_end(job))
