"""The janitor: forgets what is past its time, on whoever leads the dispatchers.

It works in small bites with a pause after each and gives up between two as soon as it no longer
leads. Two janitors at once would be slow, not wrong. A file goes when no job has named it for a
while; its bytes, when no other row names them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from haulage.domain.clock import Clock
from haulage.settings import RetentionSettings
from haulage.storage.blobs import Blobs
from haulage.storage.credit_store import CreditStore
from haulage.storage.retention_store import RetentionStore
from haulage.telemetry import logs
from haulage.telemetry.metrics import FORGOTTEN

log = logs.get(__name__)

BITE = 500
# Leaves the disk and the connections to those who wait for them.
PAUSE_S = 0.05
WORKERS_KEPT = timedelta(days=1)
# Longer than the longest window, a month of the calendar.
LIMIT_USAGE_KEPT = timedelta(days=40)
# Longer than any upload takes, and than a value is kept before the row that names it is committed.
ORPHANS_KEPT = timedelta(days=1)


class Janitor:
    """One round forgets all that is due."""

    name = "janitor"

    def __init__(
        self,
        store: RetentionStore,
        credits: CreditStore,
        blobs: Blobs,
        clock: Clock,
        settings: RetentionSettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._credits = credits
        self._blobs = blobs
        self._clock = clock
        self._settings = settings
        self._monotonic = monotonic
        self._blobs_at: float | None = None
        self.every_s = settings.every_s

    async def round(self, go_on: Callable[[], bool]) -> None:
        """Forget until nothing is due or `go_on` says no."""
        now = self._clock.now()
        jobs_before = now - timedelta(days=self._settings.finished_days)
        store = self._store
        await self._all(
            "jobs", lambda: store.forget_jobs(finished_before=jobs_before, limit=BITE), go_on
        )
        shared_before = now - timedelta(days=self._settings.shared_days)
        await self._all(
            "shared_steps",
            lambda: store.forget_shared_steps(made_before=shared_before, limit=BITE),
            go_on,
        )
        files_before = now - timedelta(days=self._settings.files_days)
        await self._all(
            "files", lambda: store.forget_files(idle_before=files_before, limit=BITE), go_on
        )
        await self._all("idempotency_keys", lambda: store.forget_keys(limit=BITE), go_on)
        await self._all(
            "workers",
            lambda: store.forget_workers(ended_before=now - WORKERS_KEPT, limit=BITE),
            go_on,
        )
        await self._all(
            "limit_usage",
            lambda: store.forget_limit_usage(before=now - LIMIT_USAGE_KEPT, limit=BITE),
            go_on,
        )
        deliveries_before = now - timedelta(days=self._settings.deliveries_days)
        await self._all(
            "deliveries",
            lambda: store.forget_deliveries(ended_before=deliveries_before, limit=BITE),
            go_on,
        )
        audit_before = now - timedelta(days=self._settings.audit_days)
        await self._all("audit", lambda: store.forget_audit(before=audit_before, limit=BITE), go_on)
        # As long as their jobs: what is still listed over there would run again.
        await self._all(
            "pulled_tasks",
            lambda: store.forget_pulled_tasks(closed_before=jobs_before, limit=BITE),
            go_on,
        )
        await self._all("grants", lambda: self._credits.expire(limit=BITE), go_on)
        # Walking through a bucket costs money; bytes nobody names cost little.
        moment = self._monotonic()
        if self._blobs_at is None or moment - self._blobs_at >= self._settings.blobs_every_s:
            self._blobs_at = moment
            await self._sweep_blobs(go_on)

    async def _all(
        self, what: str, bite: Callable[[], Awaitable[int]], go_on: Callable[[], bool]
    ) -> None:
        total = 0
        while go_on() and (gone := await bite()):
            total += gone
            FORGOTTEN.labels(what=what).inc(gone)
            await asyncio.sleep(PAUSE_S)
        if total:
            log.info("janitor.forgot", what=what, count=total)

    async def _sweep_blobs(self, go_on: Callable[[], bool]) -> None:
        # The blob store stamps by its own clock; a day leaves room for the difference.
        before = self._clock.now() - ORPHANS_KEPT
        total = await self._blobs.discard_uploads(before)
        async for refs in self._blobs.written_before(before):
            if not go_on():
                break
            for ref in await self._store.unnamed(refs):
                total += await self._blobs.discard(ref, written_before=before)
        FORGOTTEN.labels(what="blobs").inc(total)
        if total:
            log.info("janitor.forgot", what="blobs", count=total)
