"""Looks for the jobs of a page along a way, piece by piece.

What an index does not answer is looked up in the jobs that it leads to. How far the next fitting
one is nobody can tell before; so a walk looks at a piece, says whether it has a page or has come to
the way's end, and goes on from there if it is asked to.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.storage.lanes import Position, Rows, Way, newest
from haulage.storage.tables import jobs

Columns = Sequence[sa.ColumnElement[Any]]
# Where a filter leaves every twentieth job or more, a page of 50 is among so many next ones.
REACH = 1_000
# So many are read for a look in all lanes together, but no less than these of each.
LOOK, LEAST = 4_000, 100
# Before every id.
_FIRST = UUID(int=0)
_CENTURY = timedelta(days=36_525)


class Walk:
    """Takes the `columns` of up to `limit` jobs past `before` that fit, none older than `since`.

    It may change ways: each leads to all that fit, in the same order, so that what has been looked
    at by one needs no other look.
    """

    def __init__(
        self, columns: Columns, before: Position | None, limit: int, *, since: datetime | None
    ) -> None:
        self.found: list[sa.RowMapping] = []
        self._columns = columns
        self._limit = limit
        self._place = before
        self._since = since
        # The time from one job to the next on each way, by its last piece.
        self._paces: dict[int, timedelta] = {}

    async def look(self, connection: AsyncConnection, way: Way) -> bool:
        """Look at the next ones; whether it has a page, or everything there is."""
        reach = _reach(way)
        # One more shows whether that was all.
        walked = way.walk(self._place, reach + 1).cte("walked")
        found = way.fitting(walked, self._limit - len(self.found)).subquery("found")
        last = sa.select(walked.c.at, walked.c.id).order_by(walked.c.at, walked.c.id).limit(1)
        ends = sa.select(
            sa.select(sa.func.count()).select_from(walked).scalar_subquery().label("_walked"),
            sa.select(sa.func.max(walked.c.at)).scalar_subquery().label("_newest"),
            last.with_only_columns(walked.c.at).scalar_subquery().label("_oldest"),
            last.with_only_columns(walked.c.id).scalar_subquery().label("_last"),
        ).subquery("ends")
        # A row also where nothing fits. The columns stand here alone: each subquery that passes
        # them on is copies of all of them, made anew for each page.
        shown = found.join(jobs, jobs.c.id == found.c.id)
        query = sa.select(ends, *self._columns).select_from(ends.outerjoin(shown, sa.true()))
        query = newest(query, found.c.at, found.c.id, None)
        rows = (await connection.execute(query)).mappings().all()
        self.found += (row for row in rows if row["id"] is not None)
        piece = rows[0]
        if len(self.found) == self._limit or piece["_walked"] <= reach:
            return True
        self._place = Position(piece["_oldest"], piece["_last"])
        self._paces[id(way)] = (piece["_newest"] - piece["_oldest"]) / reach
        return False

    def pace(self, way: Way) -> timedelta:
        """How far in time each job on `way` has led."""
        return self._paces.get(id(way), timedelta())

    async def stride(self, connection: AsyncConnection, way: Way, reach: int) -> bool:
        """Go as far in time as about `reach` jobs may lead, so that each lane is read as far as
        they go and no further; whether it has a page, or everything there is."""
        if self._place is None or not self.pace(way):
            return False
        since = self._place.at - min(reach * self.pace(way), _CENTURY)
        await self._page(connection, way.since(since))
        self._place = Position(since, _FIRST)
        if self._since is not None and since <= self._since:
            return True
        return len(self.found) == self._limit

    async def finish(self, connection: AsyncConnection, way: Way) -> list[sa.RowMapping]:
        """All that is missing in one piece, however far it is."""
        await self._page(connection, way)
        return self.found

    async def _page(self, connection: AsyncConnection, way: Way) -> None:
        page = way.page(self._place, self._limit - len(self.found))
        found = await connection.execute(shown_of(self._columns, page))
        self.found += found.mappings().all()


def _reach(way: Way) -> int:
    """Of many lanes fewer: the next ones may all lie in any of them, so each is read so far."""
    return min(REACH, max(LEAST, LOOK // max(1, len(way.lanes))))


def shown_of(columns: Columns, rows: Rows) -> Rows:
    """The `columns` of the jobs that a way selects, in its order."""
    found = rows.subquery("found")
    query = sa.select(*columns).select_from(found.join(jobs, jobs.c.id == found.c.id))
    return newest(query, found.c.at, found.c.id, None)
