# Made by tools/blocking_client.py from haulage/client/awaiting/jobs.py: change that one.

"""What a client does with jobs: submit, look, wait, follow, cancel."""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from haulage.client import calls, fleet_calls
from haulage.client.blocking.caller import Caller, new_key
from haulage.client.calls import JobFilters, Submission
from haulage.client.errors import ApiError, WaitTimeout
from haulage.client.fleet_models import AttemptView, StepView, WhyView
from haulage.client.following import WAIT_MOST_S, Broken, Deadline, Expired, Waiting
from haulage.client.models import Event, JobView, LogLine


class Jobs(Caller):
    """Jobs."""

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
        webhook: str | None = None,
        idempotency_key: str | None = None,
        wait_s: int = 0,
    ) -> JobView:
        """Accept a job; once this returns it is never lost. What is None, the type decides.

        `priority` is high, normal or low; `run_at` and `deadline` without a zone are local time;
        `timeout_s` limits one attempt; `webhook` names the endpoint that is told of it. Each call
        carries an idempotency key, its own unless you give one: however often it has to be sent, it
        is one job. With a key of yours it is one job however often you call, for a day; with
        another request under it `ApiError` (422).

        With `wait_s` the answer comes at the job's end, after so many seconds (25 at most) however
        it stands then: short work in one request.
        """
        new = Submission(
            type, input, queue, priority, run_at, tags, max_attempts, timeout_s, deadline, webhook
        )
        wait_s = min(wait_s, int(WAIT_MOST_S))
        return self._send(calls.submit(new, idempotency_key or new_key(), wait_s=wait_s))

    def submit_many(
        self, jobs: Iterable[Submission], *, idempotency_key: str | None = None
    ) -> Sequence[JobView]:
        """Accept all of `jobs` or none; answered in their order. The key covers them together."""
        return self._send(calls.submit_many(jobs, idempotency_key or new_key()))

    def get(self, job_id: UUID | str, *, include: Sequence[str] = ()) -> JobView:
        """The job as it stands; `include=["input"]` brings its input along."""
        return self._send(calls.get(job_id, include))

    def list(
        self, *, page_size: int | None = None, **filters: Unpack[JobFilters]
    ) -> Iterator[JobView]:
        """All jobs that fit, newest first, fetched page by page as they are taken."""
        return self._pages(lambda at: calls.jobs_page(calls.JOBS, filters, page_size, at))

    def children(
        self, job_id: UUID | str, *, state: str | Sequence[str] | None = None
    ) -> Iterator[JobView]:
        """The jobs that its handler spawned, newest first."""
        path = f"{calls.job_path(job_id)}/children"
        return self._pages(lambda at: calls.jobs_page(path, {"state": state}, None, at))

    def cancel(self, job_id: UUID | str) -> JobView:
        """Ask for the job's end. A running job may take a moment to stop: `wait` for it."""
        return self._send(calls.cancel(job_id))

    def result(self, job_id: UUID | str) -> Any:
        """The whole result, also when it is too large for `JobView.result`."""
        return self._send(calls.result(job_id))

    def wait(self, job_id: UUID | str, *, timeout_s: float | None = None) -> JobView:
        """Wait until the job is over, however it ends; raises `WaitTimeout`. Never cancels it."""
        waiting = Waiting(job_id, self.address, Deadline(timeout_s), known=self._transport.answered)
        job = None
        try:
            while True:
                try:
                    job = self._transport.send(waiting.call())
                    if job.is_terminal:
                        return job
                    pause_s = waiting.pause()
                except (Broken, ApiError) as failure:
                    pause_s = waiting.pause_after(failure)
                time.sleep(pause_s)
        except Expired:
            raise WaitTimeout(job or self.get(job_id), timeout_s or 0.0) from None

    def stream(self, job_id: UUID | str, *, after: int = 0) -> Iterator[Event]:
        """The job's events from number `after` + 1 on, live, until it is over.

        A broken connection is resumed where it broke: no event is missed or comes twice.
        """
        return self._follow(job_id, after=after)

    def logs(self, job_id: UUID | str) -> Iterator[LogLine]:
        """What the job's handler has logged so far."""
        return self._pages(lambda at: calls.logs_page(job_id, at))

    def why(self, job_id: UUID | str) -> WhyView:
        """Why the job isn't running; answered for every job, also for one that is."""
        return self._send(fleet_calls.why(job_id))

    def attempts(self, job_id: UUID | str) -> Sequence[AttemptView]:
        """What was tried, over all runs of the job, and how it ended."""
        return self._send(fleet_calls.attempts(job_id))

    def steps(self, job_id: UUID | str) -> Iterator[StepView]:
        """The pieces of work that the job has finished, over all its attempts, oldest first."""
        return self._pages(lambda at: fleet_calls.steps_page(job_id, at))
