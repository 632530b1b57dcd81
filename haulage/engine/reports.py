"""What an attempt reports while it runs: progress and log lines.

Progress is merged and written at most ten times a second. Reports are handed over and not waited
for; one that is refused means the lease is lost.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Any

from haulage.domain.job import EventKind, Lease, Progress
from haulage.engine.services import Services
from haulage.storage.event_store import Note
from haulage.storage.json_text import dumps

PROGRESS_EVERY_S = 0.1
MAX_LOG_CHARS = 8_000


class Reports:
    """One attempt's. `on_lost` is called when a write is refused."""

    def __init__(self, lease: Lease, services: Services, *, on_lost: Callable[[], None]) -> None:
        self._lease = lease
        self._services = services
        self._on_lost = on_lost
        self._progress = Progress()
        self._progress_dirty = False
        self._progress_timer: asyncio.TimerHandle | None = None
        self._pending: set[asyncio.Future[bool]] = set()

    def progress(
        self,
        *,
        percent: float | None,
        step: str | None,
        done: int | None,
        failed: int | None,
        total: int | None,
    ) -> None:
        """Merge into the progress and have it written soon. On the loop's thread only."""
        before = self._progress
        if percent is None and total and (done is not None or failed is not None):
            percent = 100.0 * ((done or 0) + (failed or 0)) / total
        if percent is None or math.isnan(percent):
            percent = before.percent
        else:
            percent = min(max(percent, 0.0), 100.0)
        self._progress = Progress(
            percent=percent,
            step=before.step if step is None else step,
            done=before.done if done is None else done,
            failed=before.failed if failed is None else failed,
            total=before.total if total is None else total,
        )
        if self._progress == before:
            return
        if self._progress_timer is None:
            self._write_progress()
            loop = asyncio.get_running_loop()
            self._progress_timer = loop.call_later(PROGRESS_EVERY_S, self._progress_due)
        else:
            self._progress_dirty = True

    @property
    def current(self) -> Progress:
        """The progress as it was last told."""
        return self._progress

    def log(self, message: str, fields: dict[str, Any]) -> None:
        """Have a log line written soon. On the loop's thread only."""
        line: dict[str, Any] = {"message": str(message)[:MAX_LOG_CHARS]}
        try:
            text = dumps({**line, "fields": fields} if fields else line)
        except (TypeError, ValueError):
            # A log line must not be what fails a job.
            text = dumps({**line, "fields": {name: repr(one) for name, one in fields.items()}})
        self._write(EventKind.LOG, text)

    async def flush(self, *, succeeded: bool) -> None:
        """Have everything written that was reported; before the settlement.

        What `succeeded` after it said how far it is has come all the way, said or not.
        """
        if succeeded and self._progress.percent is not None:
            self.progress(percent=100.0, step=None, done=None, failed=None, total=None)
        if self._progress_timer is not None:
            self._progress_timer.cancel()
            self._progress_timer = None
        if self._progress_dirty:
            self._write_progress()
        if self._pending:
            await asyncio.wait(self._pending)

    def _progress_due(self) -> None:
        self._progress_timer = None
        if self._progress_dirty:
            self._write_progress()
            loop = asyncio.get_running_loop()
            self._progress_timer = loop.call_later(PROGRESS_EVERY_S, self._progress_due)

    def _write_progress(self) -> None:
        self._progress_dirty = False
        self._write(EventKind.PROGRESS, dumps(self._progress))

    def _write(self, kind: EventKind, data: str) -> None:
        future = self._services.notes.add(Note(self._lease, kind, data))
        self._pending.add(future)
        future.add_done_callback(self._written)

    def _written(self, future: "asyncio.Future[bool]") -> None:
        self._pending.discard(future)
        if future.cancelled() or future.exception() is not None:
            return
        if future.result():
            self._services.event_bell.rang([self._lease.job_id])
        else:
            self._on_lost()
