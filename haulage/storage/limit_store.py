"""Limits that were set over HTTP, and what has been used of day, week and month.

A batch of usage is added once, however often it comes: `usage_batches` knows its id.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from haulage.domain import limits
from haulage.domain.clock import Clock
from haulage.domain.limits import QuarterUse, SetPool
from haulage.storage.database import Database
from haulage.storage.json_text import dumps, loads, storable

_VERSION = "left(encode(sha256(convert_to(limit_pools.document::text, 'UTF8')), 'hex'), 32)"
_SET = sa.text("""
INSERT INTO limit_pools (name, document, set_by, set_at)
VALUES (:name, CAST(:document AS json), :by, :now)
ON CONFLICT (name) DO UPDATE
    SET document = excluded.document, set_by = excluded.set_by, set_at = excluded.set_at
""")
_SET_FIRST = sa.text("""
INSERT INTO limit_pools (name, document, set_by, set_at)
VALUES (:name, CAST(:document AS json), :by, :now)
ON CONFLICT (name) DO NOTHING
""")
_SET_OVER = sa.text(f"""
UPDATE limit_pools SET document = CAST(:document AS json), set_by = :by, set_at = :now
WHERE name = :name AND {_VERSION} = :over
""")  # noqa: S608 - a constant of ours
_REMOVE = sa.text(f"""
DELETE FROM limit_pools WHERE name = :name AND (CAST(:over AS text) IS NULL OR {_VERSION} = :over)
""")  # noqa: S608 - a constant of ours
_ALL = sa.text(f"""
SELECT name, document::text AS document, {_VERSION} AS version, set_by, set_at
FROM limit_pools ORDER BY name
""")  # noqa: S608 - a constant of ours

# Rows in the order of their key, so that two batches never wait for each other in a circle.
_ADD = sa.text("""
WITH fresh AS (
    INSERT INTO usage_batches (id, at) VALUES (:batch, :now) ON CONFLICT DO NOTHING RETURNING id
)
INSERT INTO limit_usage AS held (pool, whose, quarter, requests, tokens)
SELECT item.* FROM fresh, unnest(
    CAST(:pools AS text[]), CAST(:whose AS text[]), CAST(:quarters AS timestamptz[]),
    CAST(:requests AS bigint[]), CAST(:tokens AS bigint[])
) AS item
ON CONFLICT (pool, whose, quarter) DO UPDATE SET
    requests = held.requests + excluded.requests, tokens = held.tokens + excluded.tokens
""")
_SINCE = sa.text("""
SELECT quarter, requests, tokens FROM limit_usage
WHERE pool = :pool AND whose = :whose AND quarter >= :since
ORDER BY quarter
""")


class LimitStore:
    """Both tables."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def set(
        self, name: str, document: Mapping[str, Any], *, by: str, over: str | None = None
    ) -> bool:
        """Keep a pool's document, in place of the version `over` alone (`NOT_SET`: of none) where
        that is said; False: something else is there."""
        values = {
            "name": name,
            "document": dumps(document),
            "by": storable(by),
            "now": self._clock.now(),
        }
        match over:
            case None:
                statement = _SET
            case limits.NOT_SET:
                statement = _SET_FIRST
            case _:
                statement, values = _SET_OVER, {**values, "over": over}
        async with self._database.transaction() as connection:
            return (await connection.execute(statement, values)).rowcount > 0

    async def remove(self, name: str, *, over: str | None = None) -> bool:
        """Forget it; False when it was not set, or not in the version `over`."""
        values = {"name": name, "over": over}
        async with self._database.transaction() as connection:
            return (await connection.execute(_REMOVE, values)).rowcount > 0

    async def all(self) -> dict[str, SetPool]:
        """Every pool that was set, by name."""
        async with self._database.reading() as connection:
            return {
                row.name: SetPool(loads(row.document), row.version, row.set_by, row.set_at)
                for row in await connection.execute(_ALL)
            }

    async def add(self, batch: UUID, uses: Sequence[QuarterUse]) -> None:
        """Add a batch of usage, once."""
        ordered = sorted(uses, key=lambda use: (use.pool, use.whose, use.quarter))
        async with self._database.transaction() as connection:
            await connection.execute(
                _ADD,
                {
                    "batch": batch,
                    "now": self._clock.now(),
                    "pools": [use.pool for use in ordered],
                    "whose": [use.whose for use in ordered],
                    "quarters": [use.quarter for use in ordered],
                    "requests": [use.requests for use in ordered],
                    "tokens": [use.tokens for use in ordered],
                },
            )

    async def since(self, pool: str, whose: str, quarter: datetime) -> Sequence[QuarterUse]:
        """The quarters from that one on."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _SINCE, {"pool": pool, "whose": whose, "since": quarter}
            )
            return [QuarterUse(pool, whose, row.quarter, row.requests, row.tokens) for row in rows]
