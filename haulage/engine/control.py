"""What people do to jobs that exist: cancel them, and decide about those that are over."""

from collections.abc import Sequence
from uuid import UUID

from haulage.domain.lifecycle import State
from haulage.domain.ports import Traffic
from haulage.engine.services import Services
from haulage.storage.job_store import CancelAnswer


class Control:
    """Somebody's decisions about jobs."""

    def __init__(self, services: Services, traffic: Traffic | None = None) -> None:
        self._services = services
        # Where jobs wait in line for providers; a worker's services know it.
        self._traffic = services.traffic if traffic is None else traffic

    async def cancel(
        self, ids: Sequence[UUID], *, tenant: str, by: str
    ) -> dict[UUID, CancelAnswer]:
        """Cancel jobs and their children; what runs is told to stop and ends within seconds.

        The answer leaves out ids this tenant does not have; `before` is the state that was found.
        """
        answers = await self._cancel(ids, tenant=tenant, by=by)
        await self.cancel_children(list(answers), tenant=tenant, by=by)
        return answers

    async def cancel_children(
        self,
        parents: Sequence[UUID],
        *,
        tenant: str,
        by: str,
        bulk: UUID | None = None,
        why: str | None = None,
    ) -> None:
        """Cancel what these jobs have spawned, and what that has; see `JobStore.cancel`."""
        # A crash before the next generation is reached leaves it to the dispatcher's sweep.
        family = await self._services.families.live_children(parents)
        while family:
            reached = await self._cancel(family, tenant=tenant, by=by, bulk=bulk, why=why)
            family = await self._services.families.live_children(list(reached))

    async def redrive(self, ids: Sequence[UUID], *, tenant: str, by: str) -> set[UUID]:
        """Start the next run of failed and cancelled jobs; those it landed for."""
        landed = await self._services.decisions.redrive(ids, tenant=tenant, by=by)
        self._services.event_bell.rang(landed)
        return landed

    async def discard(self, ids: Sequence[UUID], *, tenant: str, by: str) -> set[UUID]:
        """Put dead letters aside, their children not with them; those it landed for."""
        landed = await self._services.decisions.discard(ids, tenant=tenant, by=by)
        self._services.event_bell.rang(landed)
        return landed

    async def _cancel(
        self,
        ids: Sequence[UUID],
        *,
        tenant: str,
        by: str,
        bulk: UUID | None = None,
        why: str | None = None,
    ) -> dict[UUID, CancelAnswer]:
        answers = await self._services.jobs.cancel(ids, tenant=tenant, by=by, bulk=bulk, why=why)
        self._services.event_bell.rang(answers)
        self._traffic.abandon(answers)
        self._services.worker_bell.wake(
            [
                answer.worker_id
                for answer in answers.values()
                if answer.before is State.RUNNING and answer.worker_id is not None
            ]
        )
        return answers
