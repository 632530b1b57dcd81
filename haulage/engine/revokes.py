"""What somebody revoked through Celery (`control revoke`, Flower) and no worker has been told yet.

Celery remembers revoked messages and drops one when it comes to it: a job that waits in the broker
would end only when its turn comes. So the pulse looks for what is new among them, and the jobs end
at once. Those that run are left to what Celery makes of it: they end if the revoke says terminate.
"""

from collections.abc import Iterable
from uuid import UUID

from celery.worker import state

from haulage.engine.services import Services

BY = "celery revoke"


class Revokes:
    """Looks at what Celery remembers; each id is news once."""

    def __init__(self, remembered: Iterable[str] = state.revoked) -> None:
        self._remembered = remembered
        self._heard: set[str] = set()

    async def hear(self, services: Services) -> None:
        """Cancel the jobs that wait and whose message was revoked since the last look. What cannot
        be told PostgreSQL is told it the next time."""
        now = set(self._remembered)
        ids = [one for name in now - self._heard if (one := _job_of(name)) is not None]
        if ids:
            await services.jobs.cancel(ids, tenant=None, by=BY, only_waiting=True)
            services.event_bell.rang(ids)
        self._heard = now


def _job_of(task_id: str) -> UUID | None:
    """A single job's task id is its id, `<id>.<n>` from the second doorbell on."""
    try:
        return UUID(task_id.partition(".")[0])
    except ValueError:
        return None
