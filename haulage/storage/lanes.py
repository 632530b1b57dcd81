"""Ways to jobs: pages that are merged from lanes, which an index keeps in order each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from haulage.storage.tables import jobs

Condition = sa.ColumnElement[bool] | sa.TextClause
Rows = sa.Select[*tuple[Any, ...]]
# The values of the columns by which an index keeps its rows apart.
Lane = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: behind the job `id`, whose moment in the list's order is `at`."""

    at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Way:
    """Some lanes of an index on `columns`, then `at` and `id`, which is what it selects.

    The index answers `where`, the jobs' rows answer `rest`. `apart` says that the index holds all
    that `where` asks for, so that jobs are looked up for `rest` only. Without `columns` it is one
    lane.
    """

    at: sa.ColumnElement[datetime]
    id: sa.ColumnElement[UUID]
    where: Sequence[Condition]
    rest: Sequence[Condition] = ()
    columns: Sequence[sa.ColumnElement[str]] = ()
    lanes: Sequence[Lane] = ()
    apart: bool = False

    def some(self, limit: int) -> Rows:
        """Up to `limit` of all it leads to, whatever `rest` says, in no order."""
        return self._merged((), None, limit).limit(limit)

    def page(self, before: Position | None, limit: int) -> Rows:
        """`at` and `id` of up to `limit` past `before`, newest first."""
        return _ordered(self._merged(self.rest, before, limit)).limit(limit)

    def since(self, moment: datetime) -> "Way":
        """The same, no older than `moment`."""
        return replace(self, where=(*self.where, self.at >= moment))

    def walk(self, before: Position | None, reach: int) -> Rows:
        """`at` and `id` of the next `reach` past `before`, whatever `rest` says, newest first."""
        return _ordered(self._merged((), before, reach)).limit(reach)

    def fitting(self, walked: sa.FromClause, limit: int) -> Rows:
        """The first `limit` of a `walk` whose jobs are as `rest` says."""
        return _fitting(walked, self.rest, limit)

    def _merged(self, rest: Sequence[Condition], before: Position | None, limit: int) -> Rows:
        """Up to `limit` of each lane."""
        rows = sa.select(self.at.label("at"), self.id.label("id")).where(*self.where)
        if not self.columns:
            alone = self._of_lane(rows, rest, before, limit).subquery("row")
            return sa.select(alone.c.at, alone.c.id)
        values = [list(column) for column in zip(*self.lanes, strict=True)]
        lane = (
            sa.func.unnest(*(sa.cast(one, ARRAY(sa.Text)) for one in values))
            .table_valued(*(column.name for column in self.columns), name="lane")
            .render_derived()
        )
        rows = rows.where(*(column == lane.c[column.name] for column in self.columns))
        row = self._of_lane(rows.correlate(lane), rest, before, limit).lateral("row")
        return sa.select(row.c.at, row.c.id).select_from(lane.join(row, sa.true()))

    def _of_lane(
        self, rows: Rows, rest: Sequence[Condition], before: Position | None, limit: int
    ) -> Rows:
        if not self.apart or not rest:
            return newest(rows.where(*rest), self.at, self.id, before).limit(limit)
        return _fitting(newest(rows, self.at, self.id, before).subquery("walked"), rest, limit)


def _fitting(walked: sa.FromClause, rest: Sequence[Condition], limit: int) -> Rows:
    """The first `limit` of an ordered subquery whose jobs are as `rest` says.

    Row by row and only as far as needed: OFFSET keeps the planner from reading all jobs that `rest`
    leaves, to join them.
    """
    fits = sa.select(sa.true()).where(jobs.c.id == walked.c.id, *rest).offset(0)
    looked_up = sa.select(walked.c.at, walked.c.id).select_from(
        walked.join(fits.correlate(walked).lateral("fits"), sa.true())
    )
    return newest(looked_up, walked.c.at, walked.c.id, None).limit(limit)


def _ordered(rows: Rows) -> Rows:
    return rows.order_by(sa.desc("at"), sa.desc("id"))


def newest(
    query: Rows,
    at: sa.ColumnElement[datetime],
    id: sa.ColumnElement[UUID],
    before: Position | None,
) -> Rows:
    """`query` newest first, past `before`."""
    if before is not None:
        query = query.where(sa.tuple_(at, id) < sa.tuple_(before.at, before.id))
    return query.order_by(at.desc(), id.desc())
