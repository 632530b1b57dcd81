"""Brings all that is stored under the newest key: what older keys sealed, and what lies plain. Or,
where the sealer writes plain, opens it all.

Goes through the tables by their keys, a page at a time, while jobs run. A row is written only where
it still says what was read, so a newer write is never undone; newer writes are sealed by whoever
makes them, which is why all processes must have the newest key before. May be ended and begun anew
at any time. Large values are written anew; the janitor removes the old ones when no row names them.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.errors import NotFound
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.json_text import dumps, loads
from haulage.storage.sealing import MARK, Sealer
from haulage.storage.settlement import error_text
from haulage.storage.tables import events, jobs, schedules, shared_steps, steps

PAGE = 500
_TABLES: tuple[tuple[sa.Table, Sequence[str], Sequence[str]], ...] = (
    (jobs, ("input", "result", "error", "progress"), ("input_ref", "result_ref")),
    (steps, ("value",), ("value_ref",)),
    (shared_steps, ("value",), ("value_ref",)),
    (schedules, ("input",), ()),
    (events, ("data",), ()),
)


@dataclass(frozen=True, slots=True)
class Passed:
    """How far it is in a table: rows that were looked at, of about how many, and texts sealed."""

    table: str
    rows: int
    about: int
    sealed: int


class Resealing:
    """One pass over everything. The database's sealer must have a key, if only to open with."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs
        self._sealer = database.sealer

    @property
    def seals(self) -> bool:
        """Whether it seals; else it opens."""
        return self._sealer.is_on

    async def run(self) -> AsyncIterator[Passed]:
        """Tells of each page. Raises `Unopened` for what no key opens, and `Unavailable`."""
        for table, columns, refs in _TABLES:
            rows = sealed = 0
            about = await self._about(table)
            after: sa.RowMapping | None = None
            while True:
                page = await self._page(table, [*columns, *refs], after)
                if page:
                    after = page[-1]
                    rows += len(page)
                    sealed += await self._reseal(table, page, columns, refs)
                yield Passed(table.name, rows, max(about, rows), sealed)
                if len(page) < PAGE:
                    break

    async def _about(self, table: sa.Table) -> int:
        query = sa.text("SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)")
        async with self._database.reading() as connection:
            return max(0, int(await connection.scalar(query, {"name": table.name}) or 0))

    async def _page(
        self, table: sa.Table, columns: Sequence[str], after: sa.RowMapping | None
    ) -> Sequence[sa.RowMapping]:
        keys = list(table.primary_key)
        texts = [sa.cast(table.c[name], sa.Text).label(name) for name in columns]
        extra = [table.c.kind] if table is events else []
        query = sa.select(*keys, *extra, *texts).order_by(*keys).limit(PAGE)
        if after is not None:
            past = sa.tuple_(*(sa.literal(after[key.name], key.type) for key in keys))
            query = query.where(sa.tuple_(*keys) > past)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).mappings().all()

    async def _reseal(
        self,
        table: sa.Table,
        page: Sequence[sa.RowMapping],
        columns: Sequence[str],
        refs: Sequence[str],
    ) -> int:
        count = 0
        async with self._database.transaction() as connection:
            for row in page:
                for name in columns:
                    text = row[name]
                    made = text and _made(table, row, text, self._sealer)
                    if made and made != text:
                        count += await _written(connection, table, row, name, made)
        for row in page:
            for name in refs:
                if row[name] and (ref := await self._moved(row[name])) != row[name]:
                    # The blob is there before the row that names it.
                    async with self._database.transaction() as connection:
                        count += await _written(connection, table, row, name, ref)
        return count

    async def _moved(self, ref: str) -> str:
        """Where a large value lies once it is sealed by the newest key; where it did if it is."""
        try:
            text = (await self._blobs.get(ref)).decode()
        except NotFound:
            # Its row has gone, or names something that was lost; either way it says so itself.
            return ref
        made = _sealed(text, self._sealer)
        return ref if made == text else await self._blobs.put(made.encode())


def _made(table: sa.Table, row: sa.RowMapping, text: str, sealer: Sealer) -> str:
    if table is events and row["kind"] == "state":
        return _event(text, sealer)
    return _sealed(text, sealer)


def _sealed(text: str, sealer: Sealer) -> str:
    if sealer.is_sealed(text) or not sealer.is_on:
        return sealer.renew(text)
    return sealer.seal(text)


def _event(text: str, sealer: Sealer) -> str:
    """What a change of state tells is read by statements; only its error is sealed."""
    told = loads(text)
    error = told.get("error")
    if error is None or MARK in error or not sealer.is_on:
        return sealer.renew(text)
    return dumps({**told, "error": loads(sealer.seal(dumps(error)))})


async def _written(
    connection: AsyncConnection, table: sa.Table, row: sa.RowMapping, name: str, made: str
) -> int:
    """1 where the row still said what was read."""
    column = table.c[name]
    is_ref = name.endswith("_ref")
    values: dict[str, Any] = {
        name: made if is_ref else sa.cast(sa.literal(made, sa.Text), column.type)
    }
    if table is jobs and name == "error":
        values["error_text"] = _searched(row[name], made)
    changed = await connection.execute(
        table.update()
        .where(*(key == row[key.name] for key in table.primary_key))
        .where(sa.cast(column, sa.Text) == row[name])
        .values(**values)
    )
    return changed.rowcount


def _searched(was: str, made: str) -> Any:
    """What lists search in: no more than the code of what is sealed."""
    told = loads(made)
    if MARK not in told:
        return error_text(str(told.get("code", "")), str(told.get("message", "")))
    told = loads(was)
    return jobs.c.error_text if MARK in told else error_text(str(told.get("code", "")), "")
