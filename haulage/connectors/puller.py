"""Pulls one source's tasks: lists what is pending and makes jobs of as many as there is room for.

Promises: at most `concurrency` of the source's jobs are unfinished; what there is no room or quota
for stays pending over there and is not touched; a task that does not fit is reported failed and
holds up nobody. It runs on whoever leads the source; two at once would be slow, not wrong.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from haulage.connectors.remote import Remote
from haulage.connectors.source import SourceBody
from haulage.connectors.tasks import Nameless, Unfit, read_submission, read_task, reason_of
from haulage.domain.backoff import Backoff
from haulage.domain.credit_errors import NotEnoughCredits
from haulage.domain.errors import InputFault, NotRetryable, QueueFull, Retryable, Snoozed
from haulage.domain.job import NewJob
from haulage.domain.limits import Estimate, Wait
from haulage.engine.intake import Intake, Origin
from haulage.limits.hold import Hold
from haulage.limits.limiter import Limiter
from haulage.storage.pull_store import Pulled, PullStore
from haulage.telemetry import logs, source_metrics

log = logs.get(__name__)

# How soon it looks again whether jobs have ended; sooner when it hears of one.
LOOK_S = 0.5
# Between two lists, however much there is to do.
LIST_GAP_S = 0.1
MAX_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a list that failed is asked for again, and with what pauses (row B7)."""

    retries: int = 3
    backoff: Backoff = field(default_factory=Backoff)


class Puller:
    """One source. `now` is the event loop's clock."""

    def __init__(
        self,
        name: str,
        source: SourceBody,
        *,
        remote: Remote,
        store: PullStore,
        intake: Intake,
        limiter: Limiter,
        patience: Patience,
        random: Random,
        now: Callable[[], float],
    ) -> None:
        self._name = name
        self._source = source
        self._remote = remote
        self._store = store
        self._intake = intake
        self._limiter = limiter
        self._patience = patience
        self._random = random
        self._now = now
        self._waiting: list[tuple[Pulled, NewJob]] = []
        self._list_at = 0.0
        # A list that failed is not asked for again before this, whatever there is to do.
        self._not_before = 0.0
        self._known = 0
        self._failures = 0
        self.room = asyncio.Event()

    async def round(self) -> float:
        """Take what there is room for; in how many seconds there may be more to do.

        Raises `Unavailable` when PostgreSQL or Redis is away.
        """
        free = self._source.concurrency - await self._store.unfinished(self._name)
        source_metrics.IN_FLIGHT.labels(self._name).set(self._source.concurrency - free)
        if free > 0 and self._now() >= max(self._list_at, self._not_before):
            await self._list()
        if free > 0 and self._waiting:
            if not await self._take(free):
                self._waiting.clear()
                self._list_at = self._now() + self._source.interval_s
            elif len(self._waiting) * 2 < self._source.concurrency:
                # There was something new: there may be more.
                self._list_at = min(self._list_at, self._now() + LIST_GAP_S)
        if free <= 0:
            return LOOK_S
        left_s = max(self._list_at, self._not_before) - self._now()
        return max(min(left_s, LOOK_S if self._waiting else left_s), 0.0)

    async def _list(self) -> None:
        """Look what is pending, in the place of what was found before; and when to look again."""
        # What is finished and not yet reported is pending over there; it must not hide the others.
        limit = min(2 * self._source.concurrency + self._known, MAX_LISTED)
        try:
            listed = await self._remote.pending(limit)
        except Snoozed as wait:
            self._not_before = self._now() + wait.delay_s
            return
        except Retryable as error:
            self._failed(error)
            return
        except NotRetryable as error:
            log.error("source.list_refused", source=self._name, code=error.code, why=str(error))
            self._not_before = self._now() + self._source.interval_s
            return
        self._failures = 0
        self._waiting.clear()
        self._list_at = self._now() + self._source.interval_s
        found: dict[str, tuple[Pulled, Any]] = {}
        for given in listed:
            try:
                task = read_task(self._source, given)
            except Nameless as fault:
                log.error("source.task_nameless", source=self._name, why=str(fault))
            else:
                found.setdefault(task.key, (task, given))
        known = await self._store.known(self._name, list(found))
        if known and MAX_LISTED > len(listed) >= limit and len(known) == len(found):
            self._list_at = self._now() + min(1.0, self._source.interval_s)
        self._known = len(known)
        for key, (task, given) in found.items():
            if key not in known:
                await self._consider(task, given)

    def _failed(self, error: Retryable) -> None:
        self._failures += 1
        if self._failures > self._patience.retries:
            log.error("source.list_failed", source=self._name, code=error.code)
            self._failures, wait_s = 0, self._source.interval_s
            # It may have been changed over there meanwhile.
            self._waiting.clear()
        else:
            log.warning("source.list_again", source=self._name, code=error.code)
            wait_s = self._patience.backoff.delay_s(self._failures, self._random)
        self._not_before = self._now() + max(wait_s, error.retry_after_s or 0.0)

    async def _consider(self, task: Pulled, given: Any) -> None:
        """A job for `task` that may be inserted, or the report that there can be none."""
        read = read_submission(self._name, self._source, task, given)
        if isinstance(read, Unfit):
            await self._refuse(task, read.why)
            return
        # The worker's log lines carry the request's id: there it is the task's.
        origin = Origin(tenant=self._source.tenant, request_id=task.task_id)
        try:
            self._waiting.append((task, self._intake.check(read, origin)))
        except InputFault as error:
            await self._refuse(task, reason_of(error))

    async def _take(self, free: int) -> bool:
        """Make jobs of as many as are let through; False when a quota or a full queue says no."""
        some, self._waiting = self._waiting[:free], self._waiting[free:]
        holds = await self._holds(some)
        let_through = some[: len(holds)]
        stored: set[UUID] = set()
        try:
            stored = await self._insert(let_through)
        except QueueFull:
            log.warning("source.queue_full", source=self._name)
        finally:
            for (_, job), hold in zip(let_through, holds, strict=True):
                if job.id in stored:
                    async with hold:
                        pass
                else:
                    hold.withdraw()
        for task, job in let_through:
            if job.id in stored:
                log.info("source.task_taken", job_id=str(job.id), **fields_of(self._name, task))
        return len(holds) == len(some) and (bool(stored) or not let_through)

    async def _holds(self, some: Sequence[tuple[Pulled, NewJob]]) -> list[Hold]:
        """The quota's leave for the first of `some`, as many as have it."""
        holds: list[Hold] = []
        if not self._limiter.is_limited(self._name):
            return [self._limiter.hold(self._name, Estimate()) for _ in some]
        for task, _ in some:
            answer = await self._limiter.try_hold(self._name, Estimate(), id=f"pull:{task.key}")
            if isinstance(answer, Wait):
                # It stays pending over there; the next poll tries again.
                self._limiter.hold(self._name, Estimate(), id=f"pull:{task.key}").withdraw()
                log.warning("source.quota_exceeded", source=self._name, limit=answer.limit)
                break
            holds.append(answer)
        return holds

    async def _insert(self, some: Sequence[tuple[Pulled, NewJob]]) -> set[UUID]:
        try:
            return await self._insert_together(some)
        except QueueFull:
            raise
        except (InputFault, NotEnoughCredits) as error:
            # Found out only now: files that are not there, a balance that does not suffice. One of
            # them must not cost the others.
            if len(some) == 1 and isinstance(error, NotEnoughCredits):
                log.warning("source.no_credits", **fields_of(self._name, some[0][0]))
                return set()
            if len(some) == 1:
                await self._refuse(some[0][0], reason_of(error))
                return set()
        return {job_id for one in some for job_id in await self._insert([one])}

    async def _insert_together(self, some: Sequence[tuple[Pulled, NewJob]]) -> set[UUID]:
        if not some:
            return set()
        tasks = {job.id: task for task, job in some}

        async def insert(placed: Sequence[NewJob]) -> set[UUID]:
            pairs = [(tasks[job.id], job) for job in placed]
            return await self._store.admit(self._name, pairs, concurrency=self._source.concurrency)

        return set(await self._intake.accept_by(insert, [job for _, job in some]))

    async def _refuse(self, task: Pulled, why: str) -> None:
        if await self._store.refuse(self._name, task, why):
            # Not the reason: it may quote the task.
            log.warning("source.task_unfit", **fields_of(self._name, task))


def fields_of(source: str, task: Pulled) -> dict[str, Any]:
    """What log lines say of a task. Its tags are apart: their names are the source's own."""
    return {"source": source, "task_id": task.task_id, "task_type": task.kind, "tags": task.tags}
