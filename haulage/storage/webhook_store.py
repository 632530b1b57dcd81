"""Endpoints of tenants: who is told of jobs, and where. Their secrets come and go sealed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from haulage.domain.clock import Clock
from haulage.domain.webhook import Telling, WebhookEvent
from haulage.storage.database import Database
from haulage.storage.tables import webhook_deliveries, webhooks


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """What signs, as it is kept. `until`: it no longer signs from then on; None: the current."""

    sealed: str
    until: datetime | None = None

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "SealedSecret":
        """As the row has it."""
        until = kept["until"]
        return cls(kept["sealed"], datetime.fromisoformat(until) if until else None)

    def to_json(self) -> dict[str, str | None]:
        """The inverse."""
        until = self.until.isoformat() if self.until else None
        return {"sealed": self.sealed, "until": until}


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint's row. `failures`: tries in a row that failed, the first at `failing_since`."""

    id: UUID
    tenant: str
    name: str
    url: str
    events: tuple[WebhookEvent, ...]
    jobs: Telling
    secrets: tuple[SealedSecret, ...]
    created_at: datetime
    created_by: str
    failures: int = 0
    failing_since: datetime | None = None
    rest_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_by: str | None = None


class WebhookStore:
    """Keeps endpoints, for one tenant at a time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, webhook: Webhook) -> bool:
        """Keep a new one; False when the tenant has one of that name."""
        async with self._database.transaction() as connection:
            added = await connection.execute(
                insert(webhooks)
                .values(
                    id=webhook.id,
                    tenant=webhook.tenant,
                    name=webhook.name,
                    url=webhook.url,
                    events=[event.value for event in webhook.events],
                    jobs=webhook.jobs.value,
                    secrets=[secret.to_json() for secret in webhook.secrets],
                    created_at=webhook.created_at,
                    created_by=webhook.created_by,
                )
                .on_conflict_do_nothing(constraint="uq_webhooks_tenant_name")
                .returning(webhooks.c.id)
            )
            return added.one_or_none() is not None

    async def of_tenant(self, tenant: str) -> list[Webhook]:
        """All of a tenant's, by name."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                sa.select(webhooks).where(webhooks.c.tenant == tenant).order_by(webhooks.c.name)
            )
            return [webhook_of(row) for row in rows.mappings()]

    async def get(self, webhook_id: UUID, *, tenant: str) -> Webhook | None:
        """One, or None."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                sa.select(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.tenant == tenant)
            )
            row = rows.mappings().one_or_none()
            return webhook_of(row) if row else None

    async def named(self, names: Sequence[str], *, tenant: str) -> dict[str, UUID]:
        """The ids of those of `names` that the tenant has."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                sa.select(webhooks.c.name, webhooks.c.id).where(
                    webhooks.c.tenant == tenant, webhooks.c.name.in_(names)
                )
            )
            return {row.name: row.id for row in rows}

    async def change(self, webhook_id: UUID, *, tenant: str, **values: object) -> bool:
        """Set columns; False: no such endpoint."""
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                webhooks.update()
                .where(webhooks.c.id == webhook_id, webhooks.c.tenant == tenant)
                .values(**values)
            )
            return changed.rowcount > 0

    async def enable(self, webhook_id: UUID, *, tenant: str) -> bool:
        """Tell it of what happens from now on; its failures are forgotten."""
        return await self.change(
            webhook_id,
            tenant=tenant,
            disabled_at=None,
            disabled_by=None,
            failures=0,
            failing_since=None,
            rest_until=None,
        )

    async def replace_secrets(
        self,
        webhook_id: UUID,
        changed: Callable[[Sequence[SealedSecret]], Sequence[SealedSecret]],
        *,
        tenant: str,
    ) -> bool:
        """Put what `changed` makes of the secrets in their place, under the row's lock."""
        async with self._database.transaction() as connection:
            found = await connection.execute(
                sa.select(webhooks.c.secrets)
                .where(webhooks.c.id == webhook_id, webhooks.c.tenant == tenant)
                .with_for_update()
            )
            row = found.one_or_none()
            if row is None:
                return False
            held = changed([SealedSecret.from_json(one) for one in row.secrets])
            await connection.execute(
                webhooks.update()
                .where(webhooks.c.id == webhook_id)
                .values(secrets=[secret.to_json() for secret in held])
            )
            return True

    async def remove(self, webhook_id: UUID, *, tenant: str) -> bool:
        """Delete it with its deliveries; what is on its way arrives. False: no such endpoint."""
        async with self._database.transaction() as connection:
            gone = await connection.execute(
                webhooks.delete().where(webhooks.c.id == webhook_id, webhooks.c.tenant == tenant)
            )
            if gone.rowcount:
                await connection.execute(
                    webhook_deliveries.delete().where(webhook_deliveries.c.webhook_id == webhook_id)
                )
            return gone.rowcount > 0


def webhook_of(row: sa.RowMapping) -> Webhook:
    """A row of `webhooks`."""
    return Webhook(
        **{
            **row,
            "events": tuple(WebhookEvent(event) for event in row["events"]),
            "jobs": Telling(row["jobs"]),
            "secrets": tuple(SealedSecret.from_json(one) for one in row["secrets"]),
        }
    )
