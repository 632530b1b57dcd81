"""Who is charged for what: prices of jobs, and grants of credits.

A tenant is charged from its first grant on. Until then its jobs take the way they would take if
there were no credits; a process learns of another's first grant within `LEARNS_IN_S`.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from haulage.domain.credits import Material, Share, Work, charge_of, price_of
from haulage.domain.errors import InvalidInput, UnknownJobType
from haulage.domain.job import NewJob
from haulage.domain.job_type import JobType, Policy, Registry
from haulage.storage.credit_store import CreditStore, Grant
from haulage.storage.file_store import FileStore
from haulage.telemetry import logs

log = logs.get(__name__)

LEARNS_IN_S = 1.0
# Tenants without an account that are remembered at once.
MAX_REMEMBERED = 10_000


class Till:
    """Prices jobs before they are stored, and runs that are over."""

    def __init__(
        self,
        store: CreditStore,
        files: FileStore,
        registry: Registry,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._files = files
        self._registry = registry
        self._monotonic = monotonic
        # An account is never closed.
        self._charged: set[str] = set()
        self._uncharged: dict[str, float] = {}

    async def priced(self, jobs: Sequence[NewJob]) -> list[NewJob]:
        """The same jobs with what each reserves, where its tenant is charged.

        Raises `DefinitionFault` for a price that none is.
        """
        found = []
        for job in jobs:
            price = 0
            if self._policy(job).is_priced and await self.charges(job.tenant):
                # A schedule's input may not fit any more: its job fails and says so, for nothing.
                with suppress(InvalidInput):
                    price = await self.quote(job)
            found.append(replace(job, price_credits=price) if price else job)
        return found

    async def quote(self, job: NewJob) -> int:
        """What a run of `job` costs at most, whether or not its tenant is charged."""
        policy = self._policy(job)
        if not policy.is_priced:
            return 0
        value = self._registry.get(job.type).load_input(job.input)
        return price_of(policy.price_credits, value, await self._material(job))

    async def charges(self, tenant: str) -> bool:
        """Whether `tenant` has an account."""
        now = self._monotonic()
        if tenant in self._charged:
            return True
        if now - self._uncharged.get(tenant, -LEARNS_IN_S) < LEARNS_IN_S:
            return False
        if await self._store.has_account(tenant):
            self._charged.add(tenant)
            return True
        if len(self._uncharged) >= MAX_REMEMBERED:
            self._uncharged.clear()
        self._uncharged[tenant] = now
        return False

    async def grant(
        self,
        tenant: str,
        amount: int,
        *,
        by: str,
        expires_at: datetime | None = None,
        note: str | None = None,
        reference: str | None = None,
    ) -> Grant:
        """See `CreditStore.grant`."""
        grant = await self._store.grant(
            tenant, amount, by=by, expires_at=expires_at, note=note, reference=reference
        )
        self._charged.add(tenant)
        return grant

    def _policy(self, job: NewJob) -> Policy:
        try:
            return self._registry.get(job.type).policy
        except UnknownJobType:
            # Another version's, by a schedule.
            return Policy()

    async def _material(self, job: NewJob) -> Material:
        if not job.files:
            return Material()
        ids = {named.id for named in job.files}
        rows = (await self._files.many(ids, tenant=job.tenant)).values()
        return Material(len(rows), sum(row.pages or 0 for row in rows), sum(r.size for r in rows))


def charge_for(declared: JobType, work: Work) -> int | Share | None:
    """What a run has come to by its type; None where the type leaves it to how the run ended.

    A function that fails must not cost the job its settlement: it is logged, and the price stands.
    """
    if declared.policy.charge_credits is None:
        return None
    try:
        return charge_of(declared.policy.charge_credits, work)
    except Exception as error:
        log.error("credits.charge_failed", type=declared.name, error=type(error).__name__)
        return None
