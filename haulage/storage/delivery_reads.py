"""Pages of deliveries, for those who look into them. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.webhook import DeliveryState
from haulage.storage.database import Database
from haulage.storage.tables import webhook_deliveries

_SHOWN = [one for one in webhook_deliveries.c if one.name not in ("about", "tries")]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an endpoint was told, or is to be. `tried`: how often, over all replays."""

    id: UUID
    webhook_id: UUID
    event: str
    job_id: UUID | None
    seq: int | None
    at: datetime
    state: DeliveryState
    tried: int
    due_at: datetime
    tried_at: datetime | None
    ended_at: datetime | None
    status: int | None
    fault: str | None
    excerpt: str | None
    took_s: float | None


class DeliveryReads:
    """The deliveries of one endpoint at a time; whoever asks has seen whose it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        webhook_id: UUID,
        *,
        limit: int,
        before: tuple[datetime, UUID] | None = None,
        state: DeliveryState | None = None,
        job_id: UUID | None = None,
    ) -> list[Delivery]:
        """Newest first, from the one after `before` on."""
        table = webhook_deliveries
        wanted = sa.select(*_SHOWN).where(table.c.webhook_id == webhook_id)
        if before is not None:
            wanted = wanted.where(sa.tuple_(table.c.at, table.c.id) < sa.tuple_(*before))
        if state is not None:
            wanted = wanted.where(table.c.state == state.value)
        if job_id is not None:
            wanted = wanted.where(table.c.job_id == job_id)
        wanted = wanted.order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [_delivery(row) for row in (await connection.execute(wanted)).mappings()]

    async def get(self, webhook_id: UUID, delivery_id: UUID) -> Delivery | None:
        """One, or None."""
        table = webhook_deliveries
        wanted = sa.select(*_SHOWN).where(
            table.c.id == delivery_id, table.c.webhook_id == webhook_id
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).mappings().one_or_none()
            return _delivery(row) if row else None


def _delivery(row: sa.RowMapping) -> Delivery:
    return Delivery(**{**row, "state": DeliveryState(row["state"])})
