"""Sums of what happened: tallies are folded into them, readers take series from them.

Promise: each tally counts once. It is taken and added in one transaction, and two folds at once
wait for each other. Sums are kept by the minute, by five and by the hour, each for its own time;
a type on a queue has its own, and so have all types together and all queues.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.storage.database import Database
from haulage.storage.tables import stats

# Seconds in a sum, and for how long it is kept.
KEPT = {60: timedelta(days=2), 300: timedelta(days=14), 3600: timedelta(days=400)}
ALL = ""
# A sum names so many codes of errors; the others share one name.
MAX_CODES = 50
OTHERS = "others"
# Sums in one statement, which has room for 65,535 parameters.
AT_ONCE = 1_000
COUNTS = ("submitted", "started", "succeeded", "failed", "cancelled")
_DISTRIBUTIONS = ("latency", "duration", "failures")

# One fold at a time, whoever believes to lead.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('haulage.stats', 0))")
_TAKE = sa.text("""
WITH taken AS (
    DELETE FROM tallies WHERE ctid = ANY(ARRAY(SELECT ctid FROM tallies LIMIT :limit))
    RETURNING *
)
SELECT at, tenant, type, queue, kind, slot, code, CAST(sum(n) AS bigint) AS n, count(*) AS rows
FROM taken GROUP BY at, tenant, type, queue, kind, slot, code
""")
_PRUNE = sa.text("""
DELETE FROM stats WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM stats WHERE step_s = :step_s AND at < :before LIMIT :limit))
""")

# tenant, step_s, type, queue, at
Key = tuple[str, int, str, str, datetime]


@dataclass(slots=True)
class Sum:
    """What happened in one span of time. `latency` and `duration` count by slot
    (domain/histogram.py), `failures` by the error's code."""

    counts: Counter[str] = field(default_factory=Counter)
    latency: Counter[int] = field(default_factory=Counter)
    duration: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Sum") -> None:
        """Add the other's to its own."""
        self.counts.update(other.counts)
        self.latency.update(other.latency)
        self.duration.update(other.duration)
        self.failures.update(other.failures)


class StatStore:
    """Folds, reads and forgets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fold(self, *, limit: int) -> int:
        """Add up to `limit` rows of tallies to the sums; how many."""
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK)
            taken = (await connection.execute(_TAKE, {"limit": limit})).all()
            sums = list(_sums(taken).items())
            for start in range(0, len(sums), AT_ONCE):
                await _add(connection, dict(sums[start : start + AT_ONCE]))
        return sum(row.rows for row in taken)

    async def series(
        self,
        *,
        tenant: str,
        step_s: int,
        start: datetime,
        end: datetime,
        types: Sequence[str] = (),
        queues: Sequence[str] = (),
    ) -> list[tuple[datetime, Sum]]:
        """The sums of `step_s` that begin from `start` to before `end`, those of one moment maybe
        in several parts; of all types and queues where none is said."""
        query = sa.select(stats).where(
            stats.c.tenant == tenant,
            stats.c.step_s == step_s,
            stats.c.type.in_(types or [ALL]),
            stats.c.queue.in_(queues or [ALL]),
            stats.c.at >= start,
            stats.c.at < end,
        )
        async with self._database.reading() as connection:
            return [(row.at, _sum(row)) for row in await connection.execute(query)]

    async def prune(self, *, now: datetime, limit: int) -> int:
        """Forget up to `limit` sums of each kind that are past their time; how many."""
        gone = 0
        for step_s, kept in KEPT.items():
            async with self._database.transaction() as connection:
                values = {"step_s": step_s, "before": now - kept, "limit": limit}
                gone += (await connection.execute(_PRUNE, values)).rowcount
        return gone


def floor(moment: datetime, step_s: int) -> datetime:
    """The beginning of the span that `moment` is in; spans are counted from 1970 in UTC."""
    return moment - timedelta(seconds=moment.timestamp() % step_s)


def _sums(taken: Iterable[sa.Row[tuple[object, ...]]]) -> dict[Key, Sum]:
    sums: dict[Key, Sum] = {}
    for row in taken:
        for step_s, type_, queue in product(KEPT, (row.type, ALL), (row.queue, ALL)):
            key = (row.tenant, step_s, type_, queue, floor(row.at, step_s))
            _count(sums.setdefault(key, Sum()), row)
    return sums


def _count(into: Sum, row: sa.Row[tuple[object, ...]]) -> None:
    into.counts[row.kind] += row.n
    if row.slot is not None:
        (into.latency if row.kind == "started" else into.duration)[row.slot] += row.n
    if row.kind == "failed":
        into.failures[row.code or OTHERS] += row.n


async def _add(connection: AsyncConnection, sums: dict[Key, Sum]) -> None:
    key = sa.tuple_(stats.c.tenant, stats.c.step_s, stats.c.type, stats.c.queue, stats.c.at)
    known = await connection.execute(sa.select(stats).where(key.in_(list(sums))))
    for row in known:
        sums[row.tenant, row.step_s, row.type, row.queue, row.at].add(_sum(row))
    written = insert(stats)
    written = written.on_conflict_do_update(
        index_elements=["tenant", "step_s", "type", "queue", "at"],
        set_={name: written.excluded[name] for name in (*COUNTS, *_DISTRIBUTIONS)},
    )
    await connection.execute(written, [_row(key, one) for key, one in sums.items()])


def _row(key: Key, one: Sum) -> dict[str, object]:
    tenant, step_s, type_, queue, at = key
    named = one.failures.most_common(MAX_CODES)
    failures = Counter(dict(named))
    if rest := one.failures.total() - failures.total():
        failures[OTHERS] += rest
    return {
        "tenant": tenant,
        "step_s": step_s,
        "type": type_,
        "queue": queue,
        "at": at,
        **{name: one.counts[name] for name in COUNTS},
        "latency": dict(one.latency),
        "duration": dict(one.duration),
        "failures": dict(failures),
    }


def _sum(row: sa.Row[tuple[object, ...]]) -> Sum:
    return Sum(
        Counter({name: getattr(row, name) for name in COUNTS}),
        Counter({int(slot): n for slot, n in row.latency.items()}),
        Counter({int(slot): n for slot, n in row.duration.items()}),
        Counter(row.failures),
    )
