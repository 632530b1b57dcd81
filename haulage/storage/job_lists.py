"""Pages of jobs, quick for every filter, however many jobs there are.

PostgreSQL takes what a filter leaves for spread evenly over time, and walks the newest jobs until
it has a page. Where it is wrong (a type that nobody uses any more, an error of last month) it reads
the whole table. So the way to the rows is chosen here.

The jobs of one queue, type and state, a lane, lie in order in one index for each order of a list;
so do errors, and tags by queue and type. A page is merged from the lanes that a filter leaves. What
the index does not answer is looked up in the jobs it leads to (`job_walks.py`): each filter's next
ones first, which is all there is where a filter leaves few. If none has a page among them, the
filter that leaves the fewest jobs leads, and if these are `FEW` all of them are read; else the way
whose jobs lie furthest apart is taken further, some hours at a time. A list by when jobs started or
finished has one way only that is in its order; so there the few are asked for first.

What stays slow: filters that leave many rows each and hardly any together.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.lifecycle import TERMINAL, State
from haulage.storage.job_filter import (
    JobFilter,
    Order,
    conditions,
    filters,
    text_conditions,
    within,
)
from haulage.storage.job_walks import Walk
from haulage.storage.lanes import Condition, Lane, Position, Way, newest
from haulage.storage.tables import job_tags, jobs

# The finest that PostgreSQL tells moments apart.
_TICK = timedelta(microseconds=1)
# To read so many rows takes about as long as to walk to a page, when so many of a million fit.
FEW = 3_000
# So few go back and forth by their ids.
VERY_FEW = 100
# About how many jobs a way is then taken further by, before all the rest of it.
STRIDES = (1_000, 4_000, 4_000)

# Word for word that of the indexes, which the planner does not see in a parameter's value.
_DEAD = sa.text("state = 'failed' AND discarded_at IS NULL")

_LANE = (jobs.c.queue, jobs.c.type, jobs.c.state)

# Each lane there is, by one probe of the index for each; the other ones have errors in them.
_LANES = """
WITH RECURSIVE lane AS (
    (SELECT queue, type, state FROM jobs WHERE tenant = :tenant AND {which}
     ORDER BY queue, type, state LIMIT 1)
    UNION ALL
    SELECT following.queue, following.type, following.state
    FROM lane CROSS JOIN LATERAL (
        SELECT queue, type, state FROM jobs
        WHERE tenant = :tenant AND (queue, type, state) > (lane.queue, lane.type, lane.state)
          AND {which}
        ORDER BY queue, type, state LIMIT 1
    ) AS following
)
SELECT queue, type, state FROM lane
"""
_ALL_LANES = sa.text(_LANES.format(which="true"))
_LANES_WITH_ERRORS = sa.text(_LANES.format(which="error_text IS NOT NULL"))
_LANES_OF_TAG = sa.text("""
WITH RECURSIVE lane AS (
    (SELECT queue, type FROM job_tags WHERE tenant = :tenant AND tag = :tag
     ORDER BY queue, type LIMIT 1)
    UNION ALL
    SELECT following.queue, following.type
    FROM lane CROSS JOIN LATERAL (
        SELECT queue, type FROM job_tags
        WHERE tenant = :tenant AND tag = :tag AND (queue, type) > (lane.queue, lane.type)
        ORDER BY queue, type LIMIT 1
    ) AS following
)
SELECT queue, type FROM lane
""")


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
    possible = _possible(_past(wanted, before))
    if possible is None:
        return []
    ways = await _ways(connection, possible, tenant=tenant)
    if not ways:
        return []
    walk = Walk(columns, before, limit, since=possible.since)
    if not ways[0].rest:
        return await walk.finish(connection, ways[0])
    if possible.order is Order.CREATED:
        # All ways have the list's order.
        for way in ways:
            if await walk.look(connection, way):
                return walk.found
    few = await _few(connection, ways)
    if few is not None:
        shown = sa.select(*columns).where(few, *conditions(possible, tenant=tenant))
        shown = newest(shown, jobs.c[possible.order.value], jobs.c.id, before).limit(limit)
        return (await connection.execute(shown)).mappings().all()
    if possible.order is not Order.CREATED:
        # The first way alone has it.
        ways = ways[:1]
        if await walk.look(connection, ways[0]):
            return walk.found
    quickest = max(ways, key=walk.pace)
    for stride in STRIDES:
        if await walk.stride(connection, quickest, stride):
            return walk.found
    return await walk.finish(connection, quickest)


async def _few(connection: AsyncConnection, ways: Sequence[Way]) -> Condition | None:
    """The jobs that the shortest way leads to, if they are few."""
    shortest, least = None, FEW + 1
    # By lanes there are many more often than by anything else.
    for way in sorted(ways, key=lambda way: way.columns == _LANE and not way.apart):
        some = way.some(least).subquery("some")
        first = sa.func.array_agg(some.c.id)[1:VERY_FEW]
        counted = await connection.execute(sa.select(sa.func.count(), first).select_from(some))
        number, ids = counted.one()
        if number <= VERY_FEW:
            return jobs.c.id.in_(ids or [])
        if number < least:
            shortest, least = way, number
    if shortest is None:
        return None
    ids = sa.select(shortest.some(FEW).subquery("few").c.id)
    return jobs.c.id == sa.any_(sa.func.array(ids.scalar_subquery()))


def _past(wanted: JobFilter, before: Position | None) -> JobFilter:
    """The same, with a range that ends where a page begins.

    PostgreSQL enters an index at the end of the range or at the position, and may take the wrong.
    """
    if before is None:
        return wanted
    end = before.at + _TICK
    match wanted.order:
        case Order.CREATED:
            return replace(wanted, created_before=min(end, wanted.created_before or end))
        case Order.STARTED:
            return replace(wanted, started_before=min(end, wanted.started_before or end))
        case Order.FINISHED:
            return replace(wanted, finished_before=min(end, wanted.finished_before or end))


def _possible(wanted: JobFilter) -> JobFilter | None:
    """The same without the states that contradict its other filters; None: no job can fit."""
    states = set(wanted.states or State)
    if wanted.order is Order.FINISHED:
        states &= TERMINAL
    if wanted.text is not None:
        states.discard(State.SUCCEEDED)
    if not states:
        return None
    return replace(wanted, states=() if states == set(State) else sorted(states))


async def _ways(connection: AsyncConnection, wanted: JobFilter, *, tenant: str) -> list[Way]:
    """The ways that the filters open, none when no job fits. The first has the list's order."""
    by_creation = wanted.order is Order.CREATED
    in_lanes = bool(wanted.states or wanted.types or wanted.queues)
    lanes: list[Lane] = []
    if in_lanes or wanted.text is not None or wanted.tags or not by_creation:
        lanes = await _lanes(connection, wanted, tenant=tenant)
        if not lanes:
            return []
    ways = _ways_by_creation(wanted, lanes, tenant)
    if not by_creation:
        return [_way_by_lanes(wanted, lanes, tenant), *ways]
    if in_lanes:
        return [*ways, _way_by_lanes(wanted, lanes, tenant)]
    return ways or [_way_by_creation(wanted, tenant)]


def _way_by_creation(wanted: JobFilter, tenant: str) -> Way:
    created = within(jobs.c.created_at, wanted.created_after, wanted.created_before)
    rest = replace(wanted, created_after=None, created_before=None)
    return Way(jobs.c.created_at, jobs.c.id, (jobs.c.tenant == tenant, *created), filters(rest))


def _way_by_lanes(wanted: JobFilter, lanes: Sequence[Lane], tenant: str) -> Way:
    rest = replace(wanted, states=(), types=(), queues=())
    at = jobs.c[wanted.order.value]
    match wanted.order:
        case Order.CREATED:
            moments = within(at, wanted.created_after, wanted.created_before)
            rest = replace(rest, created_after=None, created_before=None)
        case Order.STARTED:
            moments = within(at, wanted.started_after, wanted.started_before)
            rest = replace(rest, started_after=None, started_before=None)
        case Order.FINISHED:
            moments = within(at, wanted.finished_after, wanted.finished_before)
            rest = replace(rest, finished_after=None, finished_before=None)
    where = (jobs.c.tenant == tenant, *moments)
    return Way(at, jobs.c.id, where, filters(rest), _LANE, lanes)


def _ways_by_creation(wanted: JobFilter, lanes: Sequence[Lane], tenant: str) -> list[Way]:
    created = (wanted.created_after, wanted.created_before)
    base = replace(wanted, created_after=None, created_before=None)
    ours = (jobs.c.tenant == tenant, *within(jobs.c.created_at, *created))
    ways = []

    def by_jobs(where: Condition, *also: Condition, rest: JobFilter) -> None:
        ways.append(Way(jobs.c.created_at, jobs.c.id, (*ours, where, *also), filters(rest)))

    if wanted.parent is not None:
        by_jobs(jobs.c.parent_id == wanted.parent, rest=replace(base, parent=None))
    if wanted.text is not None:
        rest = replace(base, text=None, states=(), types=(), queues=())
        where = (*ours, *text_conditions(wanted.text))
        ways.append(
            Way(jobs.c.created_at, jobs.c.id, where, filters(rest), _LANE, lanes, apart=True)
        )
    for tag in dict.fromkeys(wanted.tags):
        ways.append(_way_by_tag(tag, base, created, lanes, tenant))
    if wanted.discarded is False and tuple(wanted.states) == (State.FAILED,):
        rest = replace(base, states=(), discarded=None)
        by_jobs(_DEAD, rest=rest)
        if wanted.fingerprint is not None:
            by_jobs(_DEAD, jobs.c.fingerprint == wanted.fingerprint, rest=rest)
    return ways


def _way_by_tag(
    tag: str,
    wanted: JobFilter,
    created: tuple[datetime | None, datetime | None],
    lanes: Sequence[Lane],
    tenant: str,
) -> Way:
    row = job_tags.c
    others = [other for other in wanted.tags if other != tag]
    return Way(
        row.created_at,
        row.job_id,
        (row.tenant == tenant, row.tag == tag, *within(row.created_at, *created)),
        filters(replace(wanted, tags=others, types=(), queues=())),
        (row.queue, row.type),
        sorted({lane[:2] for lane in lanes}),
        apart=True,
    )


async def _lanes(connection: AsyncConnection, wanted: JobFilter, *, tenant: str) -> list[Lane]:
    """The lanes in which jobs that fit can be."""
    states = [state.value for state in wanted.states or State]
    if wanted.tags:
        kinds = await _kinds(connection, wanted.tags, tenant=tenant)
        known = [(queue, type_, state) for queue, type_ in kinds for state in states]
    elif wanted.states and wanted.types and wanted.queues and wanted.text is None:
        known = list(product(set(wanted.queues), set(wanted.types), states))
    else:
        those = _ALL_LANES if wanted.text is None else _LANES_WITH_ERRORS
        rows = await connection.execute(those, {"tenant": tenant})
        known = [(row.queue, row.type, row.state) for row in rows]
    return [
        (queue, type_, state)
        for queue, type_, state in known
        if (not wanted.queues or queue in wanted.queues)
        and (not wanted.types or type_ in wanted.types)
        and state in states
    ]


async def _kinds(
    connection: AsyncConnection, tags: Sequence[str], *, tenant: str
) -> set[tuple[str, str]]:
    """The queues and types whose jobs may have all of these tags."""
    kinds: list[set[tuple[str, str]]] = []
    for tag in tags:
        rows = await connection.execute(_LANES_OF_TAG, {"tenant": tenant, "tag": tag})
        kinds.append({(row.queue, row.type) for row in rows})
    return set.intersection(*kinds)
