"""`Client`: the API for programs that wait."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
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


class Client:
    """The API of one installation. Use it in one thread at a time; close it or use `with`.

    `url` defaults to `HAULAGE_URL`, then to a running `haulage up`; `api_key` to `HAULAGE_API_KEY`.
    `timeout_s` is how long one answer may take. Every method raises `ApiError` when the API
    refuses and `Unreachable` when none answers; broken connections are tried again, at most four
    times, where sending twice cannot do anything twice.
    """

    def __init__(
        self, url: str | None = None, *, api_key: str | None = None, timeout_s: float = 30.0
    ) -> None:
        # httpx is a heavy import: whoever only names this class should not pay for it.
        from haulage.client.transport import BlockingTransport

        self.address: Address = find_address(url)
        key = api_key or os.environ.get("HAULAGE_API_KEY")
        self._transport = BlockingTransport(self.address, key, timeout_s)

    def submit(
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
        """Accept a job; once this returns it is never lost. What is None, the type decides.

        `priority` is high, normal or low; `run_at` and `deadline` without a zone are local time;
        `timeout_s` limits one attempt.
        """
        new = Submission(
            type, input, queue, priority, run_at, tags, max_attempts, timeout_s, deadline
        )
        return self._send(calls.submit(new))

    def submit_many(self, jobs: Iterable[Submission]) -> Sequence[JobView]:
        """Accept all of `jobs` or none; answered in their order."""
        return self._send(calls.submit_many(jobs))

    def get(self, job_id: UUID | str, *, include: Sequence[str] = ()) -> JobView:
        """The job as it stands; `include=["input"]` brings its input along."""
        return self._send(calls.get(job_id, include))

    def list(
        self,
        *,
        state: str | None = None,
        type: str | None = None,
        queue: str | None = None,
        tag: str | None = None,
        page_size: int | None = None,
    ) -> Iterator[JobView]:
        """All jobs that fit, newest first, fetched page by page as they are taken."""
        filters = {"state": state, "type": type, "queue": queue, "tag": tag, "limit": page_size}
        cursor: str | None = None
        while True:
            page = self._send(calls.list_page(filters, cursor))
            yield from page.data
            cursor = page.next
            if not cursor:
                return

    def cancel(self, job_id: UUID | str) -> JobView:
        """Ask for the job's end. A running job may take a moment to stop: `wait` for it."""
        return self._send(calls.cancel(job_id))

    def result(self, job_id: UUID | str) -> Any:
        """The whole result, also when it is too large for `JobView.result`."""
        return self._send(calls.result(job_id))

    def wait(self, job_id: UUID | str, *, timeout_s: float | None = None) -> JobView:
        """Wait until the job is over, however it ends; raises `WaitTimeout`. Never cancels it."""
        deadline = Deadline(timeout_s)
        job = self.get(job_id)
        if job.is_terminal:
            return job
        try:
            for _ in self._follow(Following(job_id, self.address, deadline=deadline)):
                pass
        except Expired:
            pass
        except ApiError:
            # No events to be had, though the job is there: asking again and again works too.
            pass
        polling = Polling(deadline)
        while not (job := self.get(job_id)).is_terminal:
            try:
                pause_s = polling.pause()
            except Expired:
                raise WaitTimeout(job, timeout_s or 0.0) from None
            time.sleep(pause_s)
        return job

    def stream(self, job_id: UUID | str, *, after: int = 0) -> Iterator[Event]:
        """The job's events from number `after` + 1 on, live, until it is over.

        A broken connection is resumed where it broke: no event is missed or comes twice.
        """
        return self._follow(Following(job_id, self.address, after=after))

    def logs(self, job_id: UUID | str) -> Iterator[LogLine]:
        """What the job's handler has logged so far."""
        cursor: str | None = None
        while True:
            page = self._send(calls.logs_page(job_id, cursor))
            yield from page.data
            cursor = page.next
            if not cursor:
                return

    def why(self, job_id: UUID | str) -> WhyView:
        """Why the job isn't running; answered for every job, also for one that is."""
        return self._send(fleet_calls.why(job_id))

    def attempts(self, job_id: UUID | str) -> Sequence[AttemptView]:
        """What was tried, over all runs of the job, and how it ended."""
        return self._send(fleet_calls.attempts(job_id))

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
            "tags": list(tags) or None,
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

    def upload(self, path: Path | str) -> FileView:
        """Store a file, sent piece by piece; raises `OSError` when it cannot be read."""
        return self._send(calls.upload(Path(path)))

    def types(self) -> Sequence[TypeView]:
        """The job types of this installation."""
        return self._send(calls.types())

    def health(self) -> dict[str, Any]:
        """How the API feels, in its own words; an unhealthy one answers too."""
        return self._send(calls.health())

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, call: Call[T]) -> T:
        attempts = Attempts(call, self.address)
        while True:
            try:
                return self._transport.send(call)
            except Broken as broken:
                time.sleep(attempts.pause_after(broken))

    def _follow(self, following: Following) -> Iterator[Event]:
        while not following.over:
            try:
                with self._transport.open(
                    following.call(), silence_s=following.silence_s()
                ) as chunks:
                    following.connected()
                    for chunk in chunks:
                        yield from following.take(chunk)
            except (Broken, ApiError) as failure:
                time.sleep(following.pause_after(failure))
            else:
                if not following.is_complete():
                    time.sleep(following.pause_after_end(self.get(following.job_id)))
