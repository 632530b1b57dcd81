"""Which jobs are meant: the filters of lists, as conditions on rows.

Whoever acts on 'all jobs that …' uses the same conditions that a list shows. `job_lists.py` knows
how to find the rows quickly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.lifecycle import State
from haulage.storage.tables import jobs

Condition = sa.ColumnElement[bool]


class Order(StrEnum):
    """The moment by which a list goes, newest first."""

    CREATED = "created_at"
    STARTED = "started_at"
    FINISHED = "finished_at"


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are meant; an empty field does not filter.

    A job needs all of `tags`, and one of each other sequence. Ranges begin at `…_after` and end
    before `…_before`. `text` is a part of the last error's code or message, in any case.
    """

    states: Sequence[State] = ()
    types: Sequence[str] = ()
    queues: Sequence[str] = ()
    tags: Sequence[str] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    finished_after: datetime | None = None
    finished_before: datetime | None = None
    text: str | None = None
    parent: UUID | None = None
    fingerprint: str | None = None
    discarded: bool | None = None

    @property
    def order(self) -> Order:
        """By when they finished or started where a range of that is asked for."""
        if self.finished_after or self.finished_before:
            return Order.FINISHED
        if self.started_after or self.started_before:
            return Order.STARTED
        return Order.CREATED

    @property
    def since(self) -> datetime | None:
        """Where the list ends by its order."""
        match self.order:
            case Order.CREATED:
                return self.created_after
            case Order.STARTED:
                return self.started_after
            case Order.FINISHED:
                return self.finished_after


def conditions(wanted: JobFilter, *, tenant: str) -> list[Condition]:
    """What a row of `jobs` must fulfil."""
    return [jobs.c.tenant == tenant, *filters(wanted)]


def filters(wanted: JobFilter) -> list[Condition]:
    """`conditions` for whoever has seen to the tenant; none for an empty filter."""
    found = [*lane_conditions(wanted), *range_conditions(wanted)]
    if wanted.tags:
        found.append(jobs.c.tags.contains(list(wanted.tags)))
    if wanted.parent is not None:
        found.append(jobs.c.parent_id == wanted.parent)
    if wanted.text is not None:
        # Nothing that an index could be taken for: it is in another order.
        text = sa.func.coalesce(jobs.c.error_text, "")
        found.append(sa.func.strpos(text, wanted.text.lower()) > 0)
    if wanted.fingerprint is not None:
        found.append(jobs.c.fingerprint == wanted.fingerprint)
    if wanted.discarded is not None:
        aside = jobs.c.discarded_at
        found.append(aside.is_not(None) if wanted.discarded else aside.is_(None))
    return found


def lane_conditions(wanted: JobFilter) -> list[Condition]:
    """Those of `conditions` that are about state, type and queue."""
    found: list[Condition] = []
    if wanted.states:
        found.append(jobs.c.state.in_([state.value for state in wanted.states]))
    if wanted.types:
        found.append(jobs.c.type.in_(wanted.types))
    if wanted.queues:
        found.append(jobs.c.queue.in_(wanted.queues))
    return found


def text_conditions(text: str) -> list[Condition]:
    """Those of `conditions` that are about the error, for its index."""
    return [
        jobs.c.error_text.is_not(None),
        sa.func.strpos(jobs.c.error_text, text.lower()) > 0,
    ]


def range_conditions(wanted: JobFilter) -> list[Condition]:
    """Those of `conditions` that are about moments."""
    return [
        *within(jobs.c.created_at, wanted.created_after, wanted.created_before),
        *within(jobs.c.started_at, wanted.started_after, wanted.started_before),
        *within(jobs.c.finished_at, wanted.finished_after, wanted.finished_before),
    ]


def within(
    column: sa.ColumnElement[datetime], after: datetime | None, before: datetime | None
) -> list[Condition]:
    """That a moment lies in a range, which may be open."""
    found: list[Condition] = []
    if after is not None:
        found.append(column >= after)
    if before is not None:
        found.append(column < before)
    return found
