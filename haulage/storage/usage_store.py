"""What tenants have used of each model, summed by day.

A batch of calls is added once, however often it comes: its first call's id says whether it is in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.language_model import NOTHING, ModelUsage
from haulage.storage.database import Database
from haulage.storage.tables import provider_usage


@dataclass(frozen=True, slots=True)
class UsedCall:
    """One call, or several of one model; `id` is its own for ever."""

    id: UUID
    at: datetime
    tenant: str
    provider: str
    model: str
    usage: ModelUsage


@dataclass(frozen=True, slots=True)
class DayUsage:
    """A day's sum for one model. `cost` in US dollars, without the `unpriced_calls`."""

    day: date
    provider: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost: Decimal
    unpriced_calls: int


# Rows in the order of their key, so that two batches never wait for each other in a circle.
_ADD = sa.text("""
WITH fresh AS (
    INSERT INTO usage_batches (id, at) VALUES (:batch, :at) ON CONFLICT DO NOTHING RETURNING id
)
INSERT INTO provider_usage AS held
    (tenant, day, provider, model, calls, input_tokens, output_tokens, cost, unpriced_calls)
SELECT item.* FROM fresh, unnest(
    CAST(:tenants AS text[]), CAST(:days AS date[]), CAST(:providers AS text[]),
    CAST(:models AS text[]), CAST(:calls AS bigint[]), CAST(:inputs AS bigint[]),
    CAST(:outputs AS bigint[]), CAST(:costs AS numeric[]), CAST(:unpriced AS bigint[])
) AS item
ON CONFLICT (tenant, day, provider, model) DO UPDATE SET
    calls = held.calls + excluded.calls,
    input_tokens = held.input_tokens + excluded.input_tokens,
    output_tokens = held.output_tokens + excluded.output_tokens,
    cost = held.cost + excluded.cost,
    unpriced_calls = held.unpriced_calls + excluded.unpriced_calls
""")
_FORGET = sa.text("""
DELETE FROM usage_batches WHERE id = ANY(ARRAY(
    SELECT id FROM usage_batches WHERE at < :before ORDER BY at LIMIT :limit
    FOR UPDATE SKIP LOCKED))
""")


class UsageStore:
    """Sums by tenant, day, provider and model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, calls: Sequence[UsedCall]) -> list[None]:
        """Add a batch of calls, all or none; nothing when it has been added before."""
        summed: dict[tuple[str, date, str, str], tuple[ModelUsage, Decimal, int]] = {}
        for call in calls:
            key = (call.tenant, call.at.date(), call.provider, call.model)
            usage, cost, unpriced = summed.get(key, (NOTHING, Decimal(), 0))
            known = call.usage.cost is not None
            summed[key] = (
                usage + call.usage,
                cost + Decimal(str(call.usage.cost if known else 0)),
                unpriced + (0 if known else call.usage.calls),
            )
        rows = sorted(summed.items())
        async with self._database.transaction() as connection:
            await connection.execute(
                _ADD,
                {
                    "batch": calls[0].id,
                    "at": calls[0].at,
                    "tenants": [key[0] for key, _ in rows],
                    "days": [key[1] for key, _ in rows],
                    "providers": [key[2] for key, _ in rows],
                    "models": [key[3] for key, _ in rows],
                    "calls": [usage.calls for _, (usage, _, _) in rows],
                    "inputs": [usage.input_tokens for _, (usage, _, _) in rows],
                    "outputs": [usage.output_tokens for _, (usage, _, _) in rows],
                    "costs": [cost for _, (_, cost, _) in rows],
                    "unpriced": [unpriced for _, (_, _, unpriced) in rows],
                },
            )
        return [None] * len(calls)

    async def by_day(self, *, tenant: str, since: date, until: date, limit: int) -> list[DayUsage]:
        """The sums of the days `since` to `until`, both included, newest first."""
        table = provider_usage.c
        wanted = (
            sa.select(*(column for column in provider_usage.columns if column.name != "tenant"))
            .where(table.tenant == tenant, table.day.between(since, until))
            .order_by(table.day.desc(), table.provider, table.model)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            rows = await connection.execute(wanted)
            return [DayUsage(**row) for row in rows.mappings()]

    async def forget_batches(self, *, before: datetime, limit: int) -> int:
        """Forget which batches older than `before` were added; how many. The sums stay."""
        async with self._database.transaction() as connection:
            gone = await connection.execute(_FORGET, {"before": before, "limit": limit})
            return int(gone.rowcount)
