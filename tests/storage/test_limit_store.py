"""Limits set over HTTP, and usage that outlives Redis."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from haulage.domain.limits import NOT_SET, QuarterUse
from haulage.storage.database import Database
from haulage.storage.limit_store import LimitStore
from haulage.storage.retention_store import RetentionStore
from tests.conftest import TestClock

QUARTER = datetime(2030, 1, 1, 12, 15, tzinfo=UTC)
USE = QuarterUse("openai", "tenant:acme", QUARTER, 2, 300)


@pytest.fixture
def store(database: Database, clock: TestClock) -> LimitStore:
    return LimitStore(database, clock)


async def test_a_batch_that_comes_twice_counts_once(store: LimitStore) -> None:
    batch = uuid4()
    await store.add(batch, [USE])
    await store.add(batch, [USE])
    assert await store.since("openai", "tenant:acme", QUARTER) == [USE]


async def test_batches_add_up_in_their_quarter(store: LimitStore) -> None:
    await store.add(uuid4(), [USE])
    await store.add(uuid4(), [USE])
    (sums,) = await store.since("openai", "tenant:acme", QUARTER)
    assert (sums.requests, sums.tokens) == (4, 600)
    assert await store.since("openai", "tenant:acme", QUARTER + timedelta(minutes=15)) == []


async def test_a_quarter_begins_on_the_quarter(store: LimitStore) -> None:
    odd = QuarterUse("openai", "pool:", QUARTER + timedelta(minutes=1), 1, 1)
    with pytest.raises(sa.exc.IntegrityError):
        await store.add(uuid4(), [odd])


async def test_a_document_replaces_the_one_before_it(store: LimitStore) -> None:
    await store.set("openai", {"concurrency": 1}, by="me")
    await store.set("openai", {"concurrency": 2}, by="you")
    held = (await store.all())["openai"]
    assert (held.document, held.by) == ({"concurrency": 2}, "you")
    assert await store.remove("openai")
    assert not await store.remove("openai")


async def test_a_document_replaces_only_the_version_it_is_meant_to(store: LimitStore) -> None:
    assert await store.set("openai", {"concurrency": 1}, by="me", over=NOT_SET)
    seen = (await store.all())["openai"].version
    assert not await store.set("openai", {"concurrency": 2}, by="you", over=NOT_SET)
    assert await store.set("openai", {"concurrency": 3}, by="you", over=seen)
    assert not await store.set("openai", {"concurrency": 4}, by="me", over=seen)
    assert not await store.remove("openai", over=seen)
    held = (await store.all())["openai"]
    assert held.document == {"concurrency": 3}
    assert await store.remove("openai", over=held.version)
    assert not await store.set("openai", {"concurrency": 4}, by="me", over=held.version)


async def test_usage_outside_every_window_is_forgotten(
    store: LimitStore, database: Database, clock: TestClock
) -> None:
    await store.add(uuid4(), [USE])
    retention = RetentionStore(database, clock)
    assert await retention.forget_limit_usage(before=QUARTER, limit=10) == 0
    assert await retention.forget_limit_usage(before=QUARTER + timedelta(1), limit=10) == 1
