"""The audit: written once, kept for its time."""

import sqlalchemy as sa

from haulage.domain.ids import uuid7
from haulage.engine.janitor import Janitor
from haulage.engine.services import Services
from haulage.settings import RetentionSettings
from haulage.storage import tables
from haulage.storage.audit_store import AuditStore, Entry
from haulage.storage.retention_store import RetentionStore
from tests.conftest import TestClock


def entry(clock: TestClock) -> Entry:
    return Entry(uuid7(), clock.now(), "acme", "web", None, "k", "::1", "POST /x", "/x", "r")


async def count(services: Services) -> int:
    async with services.database.reading() as connection:
        return await connection.scalar(sa.select(sa.func.count()).select_from(tables.audit)) or 0


async def test_a_batch_that_is_tried_again_is_written_once(
    services: Services, clock: TestClock
) -> None:
    store, batch = AuditStore(services.database), [entry(clock), entry(clock)]
    await store.append(batch)
    await store.append(batch)
    assert await count(services) == 2


async def test_who_asked_for_what_is_kept_for_its_time(
    services: Services, clock: TestClock
) -> None:
    store = RetentionStore(services.database, clock)
    janitor = Janitor(store, services.credits, services.blobs, clock, RetentionSettings())
    await AuditStore(services.database).append([entry(clock)])
    clock.advance(days=364)
    await janitor.round(lambda: True)
    assert await count(services) == 1
    clock.advance(days=2)
    await janitor.round(lambda: True)
    assert await count(services) == 0
