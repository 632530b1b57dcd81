"""Intake: check a submit, insert it durably, ring.

Promise: when `submit` returns, the jobs are committed; whatever happens to Redis or to this process
afterwards, they will run. When it raises, nothing was stored; only after `Unavailable` may it have
been: a commit whose answer is lost is repeated while the caller waits, and finds the jobs by their
ids if PostgreSQL is back in that time.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from haulage.accounts.quota import Quota
from haulage.domain import bulk
from haulage.domain.errors import BrokerAway, HaulageError, Unavailable, UnknownQueue
from haulage.domain.ids import uuid7
from haulage.domain.job import DEFAULT_TENANT, NOBODY, Job, JobCaller, NewJob, Priority
from haulage.domain.job_type import JobType
from haulage.domain.ports import Bell
from haulage.domain.submission import accept_input, check_tags
from haulage.domain.webhook import NamedWebhook
from haulage.engine.broker_watch import BrokerWatch
from haulage.engine.depth import Depth
from haulage.engine.job_spans import submit_span
from haulage.engine.named_webhooks import with_webhooks
from haulage.engine.required_files import require_files
from haulage.engine.services import Services
from haulage.engine.window import Window
from haulage.storage.idempotency_store import Kept, Keyed
from haulage.storage.webhook_store import WebhookStore
from haulage.telemetry import logs, tracing
from haulage.telemetry.metrics import submitted

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a caller asks for; None means 'as the job type's policy says'."""

    type: str
    input: Any
    queue: str | None = None
    priority: Priority = Priority.NORMAL
    run_at: datetime | None = None
    deadline: datetime | None = None
    tags: tuple[str, ...] = ()
    max_attempts: int | None = None
    timeout_s: float | None = None
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose job it is and what request it came with."""

    tenant: str = DEFAULT_TENANT
    request_id: str | None = None
    traceparent: str | None = None
    caller: JobCaller = NOBODY


ANONYMOUS = Origin()


class Intake:
    """The way in for jobs. `queue_pools` maps each queue to the pool that serves it; while `broker`
    says that it is away, nothing comes in. `quota` is what callers may submit."""

    def __init__(
        self,
        services: Services,
        *,
        queue_pools: dict[str, str],
        window: Window,
        depth: Depth,
        broker: BrokerWatch | None = None,
        quota: Quota | None = None,
    ) -> None:
        self._quota = quota
        self._broker = broker
        self._depth = depth
        self._services = services
        self._queue_pools = queue_pools
        self._offered_pools = {n: pool for n, pool in queue_pools.items() if n != bulk.QUEUE}
        self._window = window

    async def submit(
        self, submissions: Sequence[Submission], origin: Origin = ANONYMOUS
    ) -> list[Job]:
        """Accept all or none; the jobs in order, as they were inserted.

        Raises what `check` and `accept` raise.
        """
        return await self.accept([self.check(one, origin) for one in submissions])

    def check(
        self,
        submission: Submission,
        origin: Origin = ANONYMOUS,
        *,
        internal: bool = False,
        at: str = "",
    ) -> NewJob:
        """The job that `submission` asks for; nothing is stored yet. `internal`: we ask ourselves.
        `at` is the pointer to the submission, for what is found wrong with its files later.

        Raises `UnknownJobType`, `UnknownQueue` and `InvalidInput`, whose pointers are relative to
        the submission.
        """
        registry = self._services.registry
        declared = (registry.get if internal else registry.offered)(submission.type)
        policy = declared.policy
        accepted = accept_input(declared, submission.input)
        check_tags(submission.tags)
        return NewJob(
            id=uuid7(),
            type=declared.name,
            input=accepted.text,
            files=tuple(replace(one, pointer=at + one.pointer) for one in accepted.files),
            queue=self._queue(declared, submission.queue),
            priority=submission.priority,
            tenant=origin.tenant,
            tags=submission.tags,
            run_at=submission.run_at,
            deadline=submission.deadline,
            max_attempts=submission.max_attempts or policy.max_attempts,
            max_crashes=policy.max_crashes,
            timeout_s=submission.timeout_s or policy.timeout_s,
            request_id=origin.request_id,
            traceparent=origin.traceparent,
            caller=origin.caller,
            webhook=NamedWebhook(f"{at}/webhook", submission.webhook)
            if submission.webhook
            else None,
        )

    async def accept(self, jobs: Sequence[NewJob]) -> list[Job]:
        """Store and ring: all of `jobs` or none.

        Raises `InvalidInput` for files and webhooks that are not there or can't be used,
        `NotEnoughCredits`, `QueueFull` and `Unavailable`.
        """
        self._require_broker()
        with submit_span(jobs):
            return await self._accept(jobs)

    async def _accept(self, jobs: Sequence[NewJob]) -> list[Job]:
        jobs = await self._provided(jobs)
        now = self._services.clock.now()
        await self._depth.take(job.queue for job in jobs if job.is_due(now))
        async with self._counting(jobs):
            jobs = [await self._placed(job, now) for job in jobs]
            if len(jobs) == 1 and jobs[0].price_credits is None:
                await self._services.inserts.submit(jobs[0])
            elif jobs:
                # One that is paid for goes alone: another's empty balance must not undo it.
                await self._services.insert_all(jobs)
        self._announce(jobs)
        return [job.as_inserted(now) for job in jobs]

    async def accept_once(
        self, jobs: Sequence[NewJob], *, key: str, fingerprint: str, tenant: str
    ) -> tuple[Kept, list[Job]]:
        """Like `accept`, unless `key` came before: then what is kept under it is all of the answer.

        Raises what `accept` does, `IdempotencyMismatch` and `IdempotencyConflict`.
        """
        kept: list[Kept] = []
        stored: list[Job] = []

        async def insert(placed: Sequence[NewJob]) -> Collection[UUID]:
            kept[:] = [await self._services.insert_once(Keyed(key, fingerprint, placed, tenant))]
            if kept[0].replayed:
                raise _Replayed
            stored[:] = [one.as_inserted(self._services.clock.now()) for one in placed]
            return kept[0].job_ids

        try:
            await self.accept_by(insert, jobs)
        except HaulageError as refusal:
            # Who only wants to know is not refused by a full queue, say.
            if isinstance(refusal, Unavailable) and not isinstance(refusal, BrokerAway):
                raise
            found = await self._services.keys.find(key, fingerprint, tenant=tenant)
            if found is None:
                raise
            kept[:] = [found]
        return kept[0], stored

    async def accept_by(
        self,
        insert: Callable[[Sequence[NewJob]], Awaitable[Collection[UUID]]],
        jobs: Sequence[NewJob],
    ) -> Collection[UUID]:
        """Like `accept`, with an `insert` of the caller's, which stores jobs together with what is
        his and says the ids of those that it stored. Raises what `accept` and `insert` raise.
        """
        self._require_broker()
        with submit_span(jobs):
            jobs = await self._provided(jobs)
            now = self._services.clock.now()
            await self._depth.take(job.queue for job in jobs if job.is_due(now))
            try:
                async with self._counting(jobs):
                    placed = [await self._placed(job, now) for job in jobs]
                    stored = await insert(placed)
            except _Replayed:
                return ()
            self._announce([job for job in placed if job.id in stored])
            return stored

    def _counting(self, jobs: Sequence[NewJob]) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._quota is None else self._quota.taking(jobs)

    async def _provided(self, jobs: Sequence[NewJob]) -> Sequence[NewJob]:
        """`jobs` with what they name and what they cost; raises `InvalidInput` for what is not
        there."""
        await require_files(self._services.files, jobs)
        webhooks = WebhookStore(self._services.database, self._services.clock)
        return await self._services.till.priced(await with_webhooks(webhooks, jobs))

    async def quote(self, job: NewJob) -> int:
        """What a run of `job` costs at most, in credits; raises `InvalidInput` for its files."""
        await require_files(self._services.files, [job])
        return await self._services.till.quote(job)

    def _require_broker(self) -> None:
        """Raise `BrokerAway` where jobs are refused while the broker is away."""
        if self._broker is not None:
            self._broker.require()

    async def _placed(self, job: NewJob, now: datetime) -> NewJob:
        """Put a large input where it belongs; take a place in the queue's window."""
        kept = await self._services.blobs.keep(job.input)
        rings = await self._window.take(job.queue)
        traceparent = tracing.current() or job.traceparent
        return replace(
            job, created_at=now, rings=rings, input_ref=kept.ref, traceparent=traceparent
        )

    def _queue(self, declared: JobType, wanted: str | None) -> str:
        queue = wanted or declared.queue
        pools = self._queue_pools if declared.internal else self._offered_pools
        pool = pools.get(queue)
        if pool == declared.pool:
            return queue
        fitting = sorted(name for name, its in pools.items() if its == declared.pool)
        why = "does not exist" if pool is None else f"is served by the {pool} pool"
        raise UnknownQueue(
            f"Queue {queue!r} {why}; {declared.name} runs on the {declared.pool} pool, "
            f"whose queues are: {', '.join(fitting) or 'none'}."
        )

    def _announce(self, jobs: Sequence[NewJob]) -> None:
        now = self._services.clock.now()
        self._services.doorbell.ring(
            Bell(job.id, job.queue, job.priority, 1, retry=False, traceparent=job.traceparent)
            for job in jobs
            if job.rings and job.is_due(now)
        )
        # Streams are not told: nobody can follow a job yet whose id nobody has been told.
        for job in jobs:
            submitted(job.type, job.queue).inc()
        if jobs:
            log.debug("jobs.accepted", count=len(jobs), first_job_id=str(jobs[0].id))


class _Replayed(Exception):
    """Nothing was inserted, because the key came before; so what was counted is given back."""
