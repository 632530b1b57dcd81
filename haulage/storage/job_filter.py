"""Which jobs are meant: the filters of lists, as conditions on rows.

Whoever acts on 'all jobs that …' uses the same conditions that a list shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from haulage.domain.lifecycle import State
from haulage.storage.tables import TAGGED, jobs


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs are meant; an empty field does not filter.

    A job needs all of `tags`, and one of each other sequence. Ranges begin at `…_after` and end
    before `…_before`.
    """

    states: Sequence[State] = ()
    types: Sequence[str] = ()
    queues: Sequence[str] = ()
    tags: Sequence[str] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    fingerprint: str | None = None
    discarded: bool | None = None


def conditions(wanted: JobFilter, *, tenant: str) -> list[sa.ColumnElement[bool]]:
    """What a row of `jobs` must fulfil."""
    found: list[sa.ColumnElement[bool]] = [jobs.c.tenant == tenant]
    if wanted.states:
        found.append(jobs.c.state.in_([state.value for state in wanted.states]))
    if wanted.types:
        found.append(jobs.c.type.in_(wanted.types))
    if wanted.queues:
        found.append(jobs.c.queue.in_(wanted.queues))
    if wanted.tags:
        found.append(sa.and_(jobs.c.tags.contains(list(wanted.tags)), TAGGED))
    if wanted.created_after is not None:
        found.append(jobs.c.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        found.append(jobs.c.created_at < wanted.created_before)
    if wanted.fingerprint is not None:
        found.append(jobs.c.fingerprint == wanted.fingerprint)
    if wanted.discarded is not None:
        aside = jobs.c.discarded_at
        found.append(aside.is_not(None) if wanted.discarded else aside.is_(None))
    return found
