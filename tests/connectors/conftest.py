"""Endpoints, and the deliverer that tells them, on a real database; time is the tests' clock."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from haulage.api.webhook_messages import MESSAGES
from haulage.connectors import signature
from haulage.connectors.vault import Vault
from haulage.connectors.webhooks import Deliverer
from haulage.domain.ids import uuid7
from haulage.domain.webhook import ENDS, Telling, WebhookEvent
from haulage.engine.services import Services
from haulage.storage.database import Database
from haulage.storage.delivery_store import DeliveryStore
from haulage.storage.tables import webhook_deliveries
from haulage.storage.webhook_store import SealedSecret, Webhook, WebhookStore
from haulage.web.poster import Poster, PostLimits
from tests.conftest import TestClock
from tests.support.receiver import Receiver, receiving


@dataclass
class Post:
    """A tenant's endpoints, and what tells them."""

    services: Services
    clock: TestClock
    poster: Poster
    vault: Vault = field(default_factory=lambda: Vault([token_urlsafe(32)]))
    secret: str = field(default_factory=signature.new_secret)
    led: bool = True

    @property
    def store(self) -> WebhookStore:
        return WebhookStore(self.services.database, self.clock)

    @property
    def deliveries(self) -> DeliveryStore:
        return DeliveryStore(self.services.database, self.clock)

    def deliverer(self, database: Database | None = None, **options: Any) -> Deliverer:
        return Deliverer(
            DeliveryStore(database or self.services.database, self.clock),
            self.poster,
            self.vault,
            self.clock,
            **{"random": Random(7), "base_url": "https://jobs.example", **options},
        )

    async def endpoint(self, url: str, **given: Any) -> Webhook:
        made = Webhook(
            **{
                "id": uuid7(),
                "tenant": "default",
                "name": f"hook-{uuid7()}",
                "url": url,
                "events": ENDS,
                "jobs": Telling.ALL,
                "secrets": (SealedSecret(self.vault.seal(self.secret)),),
                "created_at": self.clock.now(),
                "created_by": "test",
                **given,
            }
        )
        assert await self.store.add(made)
        return made

    async def look(self, webhook: Webhook) -> Webhook:
        found = await self.store.get(webhook.id, tenant=webhook.tenant)
        assert found
        return found

    async def deliver(self, deliverer: Deliverer | None = None) -> None:
        """Until nothing is due."""
        await (deliverer or self.deliverer()).round(lambda: self.led)

    async def rows(self, webhook_id: UUID | None = None) -> list[sa.RowMapping]:
        """The outbox, in the order of what happened."""
        table = webhook_deliveries
        wanted = sa.select(table).order_by(table.c.at, table.c.seq)
        if webhook_id is not None:
            wanted = wanted.where(table.c.webhook_id == webhook_id)
        async with self.services.database.reading() as connection:
            return list((await connection.execute(wanted)).mappings())


@pytest.fixture
def patience_s() -> float:
    """How long an endpoint may take to answer."""
    return 10


@pytest.fixture
async def post(services: Services, clock: TestClock, patience_s: float) -> AsyncIterator[Post]:
    poster = Poster(limits=PostLimits(total_s=patience_s), allow_private=True, clock=clock)
    async with aclosing(poster):
        yield Post(services, clock, poster)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened
    # Whatever an endpoint is sent is what the documents of the API say.
    for document in (one.document for one in opened.received):
        model = MESSAGES[WebhookEvent(document["type"])]
        read = model.model_validate(document)
        assert names(read.model_dump(mode="json", exclude_unset=True)) == names(document)


def names(document: Any) -> Any:
    """What fields it has; moments may be written in several ways."""
    if not isinstance(document, dict):
        return None
    return {name: names(value) for name, value in document.items()}
