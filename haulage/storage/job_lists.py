"""Pages of jobs, quick for every filter, however many jobs there are.

PostgreSQL takes what a filter leaves for spread evenly over time, and walks the newest jobs until
it has a page. Where it is wrong (a type that nobody uses any more, an error of last month) it reads
the whole table. So the way to the rows is chosen here. A filter by state, type or queue merges
lanes: the jobs of one queue, type and state lie in order in one index. Tags, errors and children
each have an index in the same order. Where filters come together, one that leaves `FEW` rows or
less leads, and all of its rows are read.

What stays slow: filters that leave many rows each and hardly any together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.lifecycle import State
from haulage.storage.job_filter import (
    Condition,
    JobFilter,
    Order,
    conditions,
    text_conditions,
    within,
)
from haulage.storage.tables import job_tags, jobs

# To read so many rows takes about as long as to walk to a page, when so many of a million fit.
FEW = 5_000

# Word for word that of the indexes, which the planner does not take for a parameter's value.
_DEAD = sa.text("state = 'failed' AND discarded_at IS NULL")

# Each lane there is, by one probe of the index for each.
_LANES = sa.text("""
WITH RECURSIVE lane AS (
    (SELECT queue, type, state FROM jobs WHERE tenant = :tenant
     ORDER BY queue, type, state LIMIT 1)
    UNION ALL
    SELECT following.queue, following.type, following.state
    FROM lane CROSS JOIN LATERAL (
        SELECT queue, type, state FROM jobs
        WHERE tenant = :tenant AND (queue, type, state) > (lane.queue, lane.type, lane.state)
        ORDER BY queue, type, state LIMIT 1
    ) AS following
)
SELECT queue, type, state FROM lane
""")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: behind the job `id`, whose moment in the list's order is `at`."""

    at: datetime
    id: UUID


Rows = sa.Select[*tuple[Any, ...]]


class Source(Protocol):
    """A way to the rows. What it selects is called `at` and `id`."""

    def some(self, limit: int) -> Rows:
        """Up to `limit` of all that it leads to, which may be more than is wanted."""
        ...

    def page(self, before: Position | None, limit: int) -> Rows:
        """What is wanted: by creation, newest first, past `before`, up to `limit`."""
        ...


async def page_of(
    connection: AsyncConnection,
    columns: Sequence[sa.ColumnElement[Any]],
    wanted: JobFilter,
    *,
    tenant: str,
    before: Position | None,
    limit: int,
) -> Sequence[sa.RowMapping]:
    """The `columns` of up to `limit` jobs past `before`, newest first by `wanted.order`."""
    sources = await _sources(connection, wanted, tenant=tenant)
    by_creation = wanted.order is Order.CREATED
    if sources and not (by_creation and len(sources) == 1):
        few = await _leading_to_few(connection, sources)
    else:
        few = None

    if few is None and sources and by_creation:
        found = sources[0].page(before, limit).subquery("found")
        query = sa.select(*columns).select_from(found.join(jobs, jobs.c.id == found.c.id))
        query = query.order_by(found.c.at.desc(), found.c.id.desc())
    else:
        query = sa.select(*columns).where(*conditions(wanted, tenant=tenant))
        if few is not None:
            ids = sa.select(few.some(FEW).subquery().c.id)
            query = query.where(jobs.c.id == sa.any_(sa.func.array(ids.scalar_subquery())))
        query = _newest(query, jobs.c[wanted.order.value], jobs.c.id, before).limit(limit)
    return (await connection.execute(query)).mappings().all()


async def _sources(connection: AsyncConnection, wanted: JobFilter, *, tenant: str) -> list[Source]:
    """The ways that the filters open; to walk, the first is the best."""
    found: list[Source] = []

    def jobs_by(rest: JobFilter, *where: Condition | sa.TextClause) -> None:
        where = (jobs.c.tenant == tenant, *where)
        found.append(Indexed(jobs.c.created_at, jobs.c.id, where, rest=rest, tenant=tenant))

    if wanted.parent is not None:
        jobs_by(replace(wanted, parent=None), jobs.c.parent_id == wanted.parent)
    if wanted.text is not None:
        jobs_by(replace(wanted, text=None), *text_conditions(wanted.text))
    for tag in dict.fromkeys(wanted.tags):
        found.append(
            Indexed(
                job_tags.c.created_at,
                job_tags.c.job_id,
                (job_tags.c.tenant == tenant, job_tags.c.tag == tag),
                rest=replace(wanted, tags=[other for other in wanted.tags if other != tag]),
                tenant=tenant,
            )
        )
    dead = wanted.discarded is False and tuple(wanted.states) == (State.FAILED,)
    if dead:
        jobs_by(replace(wanted, states=(), discarded=None), _DEAD)
        if wanted.fingerprint is not None:
            jobs_by(wanted, _DEAD, jobs.c.fingerprint == wanted.fingerprint)
    if wanted.types or wanted.queues or (wanted.states and not dead):
        found.append(Lanes(await _lanes(connection, wanted, tenant=tenant), wanted, tenant))
    return found


async def _leading_to_few(connection: AsyncConnection, sources: Sequence[Source]) -> Source | None:
    """The source that leads to the fewest rows, if they are few."""
    smallest, least = None, FEW + 1
    for source in sources:
        counted = sa.select(sa.func.count()).select_from(source.some(least).subquery())
        if (number := (await connection.execute(counted)).scalar_one()) < least:
            smallest, least = source, number
    return smallest


class Indexed:
    """The rows of one index that goes by creation; `rest` is what it does not answer."""

    def __init__(
        self,
        at: sa.ColumnElement[datetime],
        id: sa.ColumnElement[UUID],
        where: Sequence[Condition | sa.TextClause],
        *,
        rest: JobFilter,
        tenant: str,
    ) -> None:
        self._at = at
        self._id = id
        self._rows = sa.select(at.label("at"), id.label("id")).where(
            *where, *within(at, rest.created_after, rest.created_before)
        )
        self._rest = replace(rest, created_after=None, created_before=None)
        self._tenant = tenant

    def some(self, limit: int) -> Rows:
        return _newest(self._rows, self._at, self._id, None).limit(limit)

    def page(self, before: Position | None, limit: int) -> Rows:
        walked = _newest(self._rows, self._at, self._id, before)
        if self._rest == JobFilter():
            return walked.limit(limit)
        # In the order of the index, whose own columns are all that it reads, and as far as needed.
        found = walked.subquery("walked")
        return (
            sa.select(found.c.at, found.c.id)
            .select_from(found.join(jobs, jobs.c.id == found.c.id))
            .where(*conditions(self._rest, tenant=self._tenant))
            .order_by(found.c.at.desc(), found.c.id.desc())
            .limit(limit)
        )


Lane = tuple[str, str, str]


class Lanes:
    """The jobs of some queues, types and states, merged."""

    def __init__(self, lanes: Sequence[Lane], wanted: JobFilter, tenant: str) -> None:
        self._lanes = lanes
        self._rest = replace(wanted, states=(), types=(), queues=())
        self._tenant = tenant

    def some(self, limit: int) -> Rows:
        ranges = JobFilter(
            created_after=self._rest.created_after, created_before=self._rest.created_before
        )
        return self._merged(ranges, None, limit).limit(limit)

    def page(self, before: Position | None, limit: int) -> Rows:
        merged = self._merged(self._rest, before, limit)
        return merged.order_by(sa.desc("at"), sa.desc("id")).limit(limit)

    def _merged(self, wanted: JobFilter, before: Position | None, limit: int) -> Rows:
        columns = [
            sa.cast([one[place] for one in self._lanes], ARRAY(sa.Text)) for place in range(3)
        ]
        lane = (
            sa.func.unnest(*columns)
            .table_valued("queue", "type", "state", name="lane")
            .render_derived()
        )
        rows = sa.select(jobs.c.created_at.label("at"), jobs.c.id.label("id")).where(
            jobs.c.queue == lane.c.queue,
            jobs.c.type == lane.c.type,
            jobs.c.state == lane.c.state,
            *conditions(wanted, tenant=self._tenant),
        )
        of_lane = _newest(rows, jobs.c.created_at, jobs.c.id, before).limit(limit).lateral("job")
        return sa.select(of_lane.c.at, of_lane.c.id).select_from(lane.join(of_lane, sa.true()))


async def _lanes(connection: AsyncConnection, wanted: JobFilter, *, tenant: str) -> list[Lane]:
    """The lanes that the filters leave; those that are not said are looked up."""
    states = [state.value for state in wanted.states]
    if states and wanted.types and wanted.queues:
        return list(product(set(wanted.queues), set(wanted.types), set(states)))
    known = await connection.execute(_LANES, {"tenant": tenant})
    return [
        (lane.queue, lane.type, lane.state)
        for lane in known
        if (not wanted.queues or lane.queue in wanted.queues)
        and (not wanted.types or lane.type in wanted.types)
        and (not states or lane.state in states)
    ]


def _newest(
    query: Rows,
    at: sa.ColumnElement[datetime],
    id: sa.ColumnElement[UUID],
    before: Position | None,
) -> Rows:
    if before is not None:
        query = query.where(sa.tuple_(at, id) < sa.tuple_(before.at, before.id))
    return query.order_by(at.desc(), id.desc())
