"""Which jobs a bulk operation means, as conditions on rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from haulage.domain import bulk
from haulage.domain.bulk import Action
from haulage.storage.job_filter import JobFilter, conditions
from haulage.storage.tables import jobs


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done, to which jobs, on whose behalf and why."""

    action: Action
    wanted: JobFilter
    frozen_at: datetime
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One job that is meant, and its place in the order of creation."""

    at: datetime
    id: UUID


def meant(order: Order, *, tenant: str) -> list[sa.ColumnElement[bool]]:
    """What a row of `jobs` fulfils that the operation is to change."""
    found = [
        *conditions(order.wanted, tenant=tenant),
        jobs.c.created_at < order.frozen_at,
        jobs.c.state.in_(sorted(state.value for state in bulk.TAKES[order.action])),
        # Operations are not for operations: each is aborted by itself.
        jobs.c.type != bulk.TYPE,
    ]
    if order.action is Action.CANCEL:
        return [*found, jobs.c.cancel_requested_at.is_(None)]
    return [*found, jobs.c.finished_at < order.frozen_at, jobs.c.discarded_at.is_(None)]


def locked_and_fitting(ids: Sequence[UUID], order: Order, *, tenant: str) -> sa.Select[UUID]:
    """Lock the jobs by their ids, then ask which of them, as they are now, are meant.

    The locked rows are called `jobs` themselves, so that the conditions are asked of them and of
    nothing else: no planner can find them by another index than that of the ids.
    """
    locked = (
        sa.select(jobs)
        .where(jobs.c.id == sa.any_(sa.cast(list(ids), sa.ARRAY(sa.UUID))))
        .order_by(jobs.c.id)
        .with_for_update()
        .cte("jobs")
    )
    return sa.select(jobs.c.id).where(*meant(order, tenant=tenant)).add_cte(locked)
