"""Looks for the jobs of a page along a way, piece by piece.

What an index does not answer is looked up in the jobs that it leads to. How far the next fitting
one is nobody can tell before; so a walk looks at a piece, says whether it has a page or has come to
the way's end, and goes on from there if it is asked to.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.storage.lanes import Position, Rows, Way, newest
from haulage.storage.tables import jobs

Columns = Sequence[sa.ColumnElement[Any]]
# Before every id.
_FIRST = UUID(int=0)
_CENTURY = timedelta(days=36_525)


class Walk:
    """Takes the `columns` of up to `limit` jobs past `before` that fit."""

    def __init__(self, way: Way, columns: Columns, before: Position | None, limit: int) -> None:
        self.found: list[sa.RowMapping] = []
        self._way = way
        self._columns = columns
        self._limit = limit
        self._place = before
        # The time between two jobs of the last piece.
        self._pace = timedelta()

    async def go(self, connection: AsyncConnection, reach: int) -> bool:
        """Look at the next `reach`; whether it has a page, or everything there is."""
        since = None
        if self._place and self._pace:
            # By time, so that each lane is read as far as the piece goes and no further.
            since = self._place.at - min(reach * self._pace, _CENTURY)
        # One more shows whether that was all.
        walked = self._way.walk(self._place, reach + 1, since=since).cte("walked")
        missing = self._limit - len(self.found)
        shown = shown_of(self._columns, self._way.fitting(walked, missing)).subquery("shown")
        last = sa.select(walked.c.at, walked.c.id).order_by(walked.c.at, walked.c.id).limit(1)
        ends = (
            sa.select(
                sa.select(sa.func.count()).select_from(walked).scalar_subquery().label("_walked"),
                sa.select(sa.func.max(walked.c.at)).scalar_subquery().label("_newest"),
                last.with_only_columns(walked.c.at).scalar_subquery().label("_oldest"),
                last.with_only_columns(walked.c.id).scalar_subquery().label("_last"),
            )
        ).subquery("ends")
        query = sa.select(ends, shown).select_from(ends.outerjoin(shown, sa.true()))
        rows = (await connection.execute(query)).mappings().all()
        self.found += (row for row in rows if row["id"] is not None)
        piece = rows[0]
        if len(self.found) == self._limit:
            return True
        if piece["_walked"] > reach:
            self._place = Position(piece["_oldest"], piece["_last"])
        elif since is None:
            return True
        else:
            self._place = Position(since, _FIRST)
        if piece["_walked"]:
            self._pace = (piece["_newest"] - piece["_oldest"]) / piece["_walked"]
        return False

    async def finish(self, connection: AsyncConnection) -> list[sa.RowMapping]:
        """All that is missing in one piece, however far it is."""
        page = self._way.page(self._place, self._limit - len(self.found))
        rest = (await connection.execute(shown_of(self._columns, page))).mappings().all()
        return [*self.found, *rest]


def shown_of(columns: Columns, rows: Rows) -> Rows:
    """The `columns` of the jobs that a way selects, in its order."""
    found = rows.subquery("found")
    query = sa.select(*columns).select_from(found.join(jobs, jobs.c.id == found.c.id))
    return newest(query, found.c.at, found.c.id, None)
