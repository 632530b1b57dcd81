"""What a client decides about jobs that are over, one by one or in bulk."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Unpack
from uuid import UUID

from haulage.client import calls, decision_calls
from haulage.client.awaiting.caller import new_key
from haulage.client.awaiting.jobs import AsyncJobs
from haulage.client.calls import JobFilters
from haulage.client.decision_models import BulkPreview, BulkView, GroupView
from haulage.client.models import JobView


class AsyncDecisions(AsyncJobs):
    """Jobs, dead letters and bulk operations."""

    async def retry(self, job_id: UUID | str) -> JobView:
        """The next run of a failed or cancelled job: finished steps stay, attempts count anew."""
        return await self._send(decision_calls.retry(job_id))

    def dead_letters(
        self, *, page_size: int | None = None, **filters: Unpack[JobFilters]
    ) -> AsyncIterator[JobView]:
        """Failed jobs that nobody has redriven or discarded, newest first."""
        return self._pages(
            lambda at: calls.jobs_page(decision_calls.DEAD_LETTERS, filters, page_size, at)
        )

    def dead_letter_groups(
        self, *, page_size: int | None = None, **filters: Unpack[JobFilters]
    ) -> AsyncIterator[GroupView]:
        """Dead letters by their cause, the one that failed last first."""
        return self._pages(lambda at: decision_calls.groups_page(filters, page_size, at))

    async def redrive(self, job_id: UUID | str) -> JobView:
        """The next run of a dead letter; see `retry`."""
        return await self._send(decision_calls.redrive(job_id))

    async def discard(self, job_id: UUID | str) -> JobView:
        """Put a dead letter aside: it stays failed and is no dead letter any more."""
        return await self._send(decision_calls.discard(job_id))

    async def preview_bulk(self, action: str, **filters: Unpack[JobFilters]) -> BulkPreview:
        """How many jobs a bulk operation would touch, and some of them; changes nothing.

        `action` is cancel, retry, redrive or discard.
        """
        return await self._send(decision_calls.preview_bulk(action, filters))

    async def start_bulk(
        self,
        action: str,
        *,
        frozen_at: datetime | str | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
        **filters: Unpack[JobFilters],
    ) -> BulkView:
        """Do it to every job that fits and was there at `frozen_at`, a preview's or now.

        It is a job itself and goes on whoever leaves. Without any filter it is refused unless
        `all=True` says that all jobs are meant.
        """
        key = idempotency_key or new_key()
        return await self._send(
            decision_calls.start_bulk(action, filters, frozen_at=frozen_at, reason=reason, key=key)
        )

    def bulks(self, *, page_size: int | None = None) -> AsyncIterator[BulkView]:
        """The bulk operations, newest first."""
        return self._pages(lambda at: decision_calls.bulk_page(page_size, at))

    async def bulk(self, bulk_id: UUID | str) -> BulkView:
        """A bulk operation as it stands."""
        return await self._send(decision_calls.bulk(bulk_id))

    async def wait_bulk(self, bulk_id: UUID | str, *, timeout_s: float | None = None) -> BulkView:
        """Wait until it is over, however it ends; raises `WaitTimeout`. Never aborts it."""
        await self.wait(bulk_id, timeout_s=timeout_s)
        return await self.bulk(bulk_id)

    async def abort_bulk(self, bulk_id: UUID | str) -> BulkView:
        """Stop it: what it has done stays done."""
        return await self._send(decision_calls.abort_bulk(bulk_id))
