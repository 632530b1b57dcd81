"""The io pool's inside, free of Celery: thousands of jobs in flight on one event loop.

Doorbells hand in job ids. While one claim is under way the next ids gather; a claim takes no more
than there are free slots. A delivery is done when all its ids are finished,
or were not ours to run.
"""

import asyncio
import os
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from haulage.domain.errors import Unavailable
from haulage.domain.job import Lease
from haulage.domain.job_type import IO, JobType
from haulage.engine.context import RunContext
from haulage.engine.executor import Executor, Stop
from haulage.engine.holder import PREFIX
from haulage.engine.services import Services
from haulage.engine.verdicts import exited
from haulage.telemetry import logs
from haulage.telemetry.metrics import JOBS_IN_FLIGHT

log = logs.get(__name__)

CLAIM_AT_ONCE = 500
START_AT_ONCE = 25
LONGEST_PAUSE_S = 1.0


class Delivery:
    """One Celery message's ids; `on_done` is called once, when none of them is left. `rung_by`: in
    which span it was sent."""

    def __init__(
        self, ids: Sequence[UUID], on_done: Callable[[], None], *, rung_by: str | None = None
    ) -> None:
        self.ids = tuple(ids)
        self.rung_by = rung_by
        self._left = len(self.ids)
        self._on_done = on_done

    def finish(self, count: int = 1) -> None:
        """`count` of the ids need no more work from this delivery."""
        self._left -= count
        if self._left == 0:
            self._on_done()


@dataclass(slots=True)
class _Running:
    lease: Lease
    stop: Stop
    task: "asyncio.Task[None]"


class Runner:
    """Claims and runs jobs, at most `slots` at once. `worker_id` tells the incarnation in force."""

    def __init__(
        self,
        services: Services,
        executor: Executor,
        *,
        slots: int,
        worker_id: Callable[[], UUID],
    ) -> None:
        self.slots = slots
        self._services = services
        self._executor = executor
        self._worker_id = worker_id
        self._offered: deque[tuple[UUID, Delivery]] = deque()
        self._running: dict[tuple[UUID, int], _Running] = {}
        self._claiming: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._ended: Counter[str] = Counter()
        self._gauge = JOBS_IN_FLIGHT.labels(pool=IO)

    @property
    def in_flight(self) -> int:
        """How many jobs are running."""
        return len(self._running)

    @property
    def backlog(self) -> int:
        """How many offered ids are not claimed yet."""
        return len(self._offered)

    def ended(self) -> dict[str, int]:
        """By queue, how many attempts have ended here so far. From any thread."""
        return dict(self._ended)

    def holds(self, job_id: UUID, fence: int) -> bool:
        """Whether this attempt is running here. From any thread."""
        return (job_id, fence) in self._running

    def offer(self, delivery: Delivery) -> None:
        """Take a doorbell's ids in."""
        if not delivery.ids or self._closing.is_set():
            delivery.finish(len(delivery.ids))
            return
        self._offered.extend((job_id, delivery) for job_id in delivery.ids)
        self._claim_soon()

    def stop_job(self, job_id: UUID, fence: int, cause: str) -> None:
        """Tell one attempt to stop; nothing happens if it is not running here."""
        running = self._running.get((job_id, fence))
        if running is not None:
            running.stop.tell(cause)

    def stop_ids(self, ids: Sequence[UUID], cause: str) -> None:
        """Tell whatever runs under these job ids to stop."""
        wanted = set(ids)
        for (job_id, _), running in self._running.items():
            if job_id in wanted:
                running.stop.tell(cause)

    def stop_all(self, cause: str) -> None:
        """Tell everything that runs to stop."""
        for running in list(self._running.values()):
            running.stop.tell(cause)

    async def close(self, *, within_s: float) -> int:
        """Take no more, let what runs finish for `within_s`, then give the rest back; how many.

        Given back means: no attempt is charged, another worker goes on at once.
        """
        self._closing.set()
        while self._offered:
            _, delivery = self._offered.popleft()
            delivery.finish()
        if self._claiming is not None:
            await asyncio.wait({self._claiming})
        tasks = {running.task for running in self._running.values()}
        if tasks and within_s > 0:
            await asyncio.wait(tasks, timeout=within_s)
        unfinished = list(self._running.values())
        for running in unfinished:
            running.stop.tell("shutdown")
        if unfinished:
            await asyncio.wait({running.task for running in unfinished}, timeout=10)
        try:
            given_back = await self._services.dispatch.give_back(
                [(one.lease.job_id, one.lease.fence) for one in unfinished]
            )
        except Unavailable:
            # The dispatcher takes them back when this worker's lease runs out.
            log.warning("runner.give_back_failed", jobs=len(unfinished))
            return 0
        self._services.event_bell.rang(one.lease.job_id for one in unfinished)
        await self._services.drain()
        if unfinished:
            log.info("runner.gave_back", jobs=given_back)
        return given_back

    def _claim_soon(self) -> None:
        if self._claiming is None and self._offered and self.in_flight < self.slots:
            self._claiming = asyncio.get_running_loop().create_task(self._claim(), name="claim")

    async def _claim(self) -> None:
        try:
            while self._offered and (free := self.slots - self.in_flight) > 0:
                size = min(len(self._offered), free, CLAIM_AT_ONCE)
                await self._claim_batch([self._offered.popleft() for _ in range(size)])
        finally:
            self._claiming = None

    async def _claim_batch(self, batch: list[tuple[UUID, Delivery]]) -> None:
        deliveries: dict[UUID, list[Delivery]] = {}
        for job_id, delivery in batch:
            deliveries.setdefault(job_id, []).append(delivery)
        try:
            leases = await self._claimed(list(deliveries))
        except Exception:
            log.exception("runner.claim_broken", jobs=len(deliveries))
            leases = []
        for started, lease in enumerate(leases, start=1):
            first, *doubled = deliveries.pop(lease.job_id)
            self._start(lease, first)
            for delivery in doubled:
                delivery.finish()
            if started % START_AT_ONCE == 0:
                # Hundreds of handlers that begin in one pass of the loop hold up all the others.
                await asyncio.sleep(0)
        for unclaimed in deliveries.values():
            for delivery in unclaimed:
                delivery.finish()

    async def _claimed(self, ids: list[UUID]) -> list[Lease]:
        """The leases of `ids`; while PostgreSQL is away the rings are kept until it is back, or
        this closes: a queue that is never empty would miss them for a minute."""
        pause_s = 0.05
        while True:
            try:
                return await self._services.claim(
                    ids, worker_id=self._worker_id(), worker_pid=os.getpid()
                )
            except Unavailable:
                log.warning("runner.claim_failed", jobs=len(ids))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause_s)
            if self._closing.is_set():
                return []
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _start(self, lease: Lease, delivery: Delivery) -> None:
        stop = Stop()
        task = asyncio.get_running_loop().create_task(
            self._run(lease, stop, delivery), name=f"{PREFIX}{lease.job_id}"
        )
        self._running[lease.job_id, lease.fence] = _Running(lease, stop, task)
        self._gauge.set(len(self._running))

    async def _run(self, lease: Lease, stop: Stop, delivery: Delivery) -> None:
        try:
            await self._executor.run(lease, stop, invoke_async, rung_by=delivery.rung_by)
        except Exception:
            # The executor's own fault; the lease stays until the time limit's backstop takes it.
            log.exception("runner.attempt_broken", job_id=str(lease.job_id))
        finally:
            del self._running[lease.job_id, lease.fence]
            self._gauge.set(len(self._running))
            self._ended[lease.queue] += 1
            delivery.finish()
            self._claim_soon()


async def invoke_async(declared: JobType, value: Any, context: RunContext) -> Any:
    """Await an `async def` handler on the loop."""
    try:
        return await declared.handler(value, context)
    except (SystemExit, KeyboardInterrupt) as error:
        # Out of a task they would end the loop, and every job in flight with it.
        raise exited(error) from error
