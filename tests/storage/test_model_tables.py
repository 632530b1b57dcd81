"""Sums of usage are added once; the cache of vectors stays within its bound."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from haulage.domain.ids import uuid7
from haulage.domain.language_model import ModelUsage
from haulage.engine.model_keeper import ModelKeeper
from haulage.engine.services import Services
from haulage.engine.usage_ledger import StoredLedger
from haulage.storage.database import Database
from haulage.storage.usage_store import UsageStore, UsedCall
from haulage.storage.vector_store import VectorStore
from tests.conftest import TestClock
from tests.factories import away

DAY = date(2030, 1, 1)


def call(usage: ModelUsage | None = None, **given: object) -> UsedCall:
    return UsedCall(
        **{
            "id": uuid7(),
            "at": datetime(2030, 1, 1, 12, tzinfo=UTC),
            "tenant": "acme",
            "provider": "openai",
            "model": "m",
            "usage": usage or ModelUsage(1, 10, 5, 0.1),
            **given,
        }
    )


async def days(store: UsageStore, tenant: str = "acme") -> list[tuple[object, ...]]:
    rows = await store.by_day(tenant=tenant, since=DAY, until=date(2030, 12, 31), limit=100)
    return [
        (row.day, row.model, row.calls, row.input_tokens, row.cost, row.unpriced_calls)
        for row in rows
    ]


async def test_calls_are_summed_by_day_and_model_without_losing_cents(database: Database) -> None:
    store = UsageStore(database)
    await store.add([call() for _ in range(3)])
    await store.add([call(), call(model="n"), call(at=datetime(2030, 1, 2, tzinfo=UTC))])
    assert await days(store) == [
        (date(2030, 1, 2), "m", 1, 10, Decimal("0.1"), 0),
        (DAY, "m", 4, 40, Decimal("0.4"), 0),
        (DAY, "n", 1, 10, Decimal("0.1"), 0),
    ]


async def test_a_batch_that_comes_again_is_not_added_again(database: Database) -> None:
    store = UsageStore(database)
    batch = [call(), call(model="n")]
    await store.add(batch)
    await store.add(batch)
    assert [row[2] for row in await days(store)] == [1, 1]


async def test_what_has_no_price_is_counted_apart(database: Database) -> None:
    store = UsageStore(database)
    await store.add([call(), call(ModelUsage(2, 1, 1, None))])
    assert await days(store) == [(DAY, "m", 3, 11, Decimal("0.1"), 2)]


async def test_a_tenant_sees_its_own(database: Database) -> None:
    store = UsageStore(database)
    await store.add([call(), call(tenant="other")])
    assert len(await days(store, "other")) == 1
    assert await days(store, "nobody") == []


async def test_the_ledger_keeps_what_it_could_not_write_until_postgresql_is_back(
    database: Database, database_url: str, servers: dict[str, str], clock: TestClock
) -> None:
    ledger = StoredLedger(UsageStore(database), clock)
    with away(servers["database"], database_url):
        for _ in range(3):
            ledger.add(tenant="acme", provider="p", model="m", usage=ModelUsage(1, 1, 1, 0.0))
    await ledger.drain()
    assert [row[2] for row in await days(UsageStore(database))] == [3]


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


async def test_a_vector_comes_back_as_it_was(database: Database, clock: TestClock) -> None:
    store = VectorStore(database, clock)
    vector = (0.1, -1e-300, 1 / 3)
    await store.put({key(1): vector})
    await store.put({key(1): (9.0,)})
    assert await store.get([key(1), key(2)]) == {key(1): vector}


async def test_the_longest_unused_vectors_go_first(database: Database, clock: TestClock) -> None:
    store = VectorStore(database, clock)
    for number in range(4):
        await store.put({key(number): (1.0, 2.0)})
        clock.advance(hours=2)
    await store.get([key(0)])
    assert await store.forget_beyond(most_bytes=2 * 16, limit=100) == 2
    assert set(await store.get([key(number) for number in range(4)])) == {key(0), key(3)}
    assert await store.forget_beyond(most_bytes=2 * 16, limit=100) == 0


async def test_a_vector_larger_than_the_bound_is_not_kept(
    database: Database, clock: TestClock
) -> None:
    store = VectorStore(database, clock)
    await store.put({key(1): (1.0, 2.0)})
    assert await store.forget_beyond(most_bytes=15, limit=100) == 1


async def test_the_keeper_forgets_bite_by_bite_and_keeps_the_sums(
    services: Services, clock: TestClock
) -> None:
    vectors, usage = VectorStore(services.database, clock), UsageStore(services.database)
    await usage.add([call()])
    await vectors.put({key(number): (1.0,) for number in range(700)})
    clock.advance(days=3)
    keeper = ModelKeeper(vectors, usage, clock, cache_bytes=0)
    await keeper.round(lambda: True)
    assert await vectors.get([key(number) for number in range(700)]) == {}
    assert await usage.forget_batches(before=clock.now(), limit=10) == 0
    assert len(await days(usage)) == 1


async def test_a_keeper_that_leads_no_longer_stops(services: Services, clock: TestClock) -> None:
    vectors = VectorStore(services.database, clock)
    await vectors.put({key(1): (1.0,)})
    await ModelKeeper(vectors, UsageStore(services.database), clock, cache_bytes=0).round(
        lambda: False
    )
    assert len(await vectors.get([key(1)])) == 1


@pytest.mark.parametrize("column", ["calls = -1", "unpriced_calls = calls + 1", "cost = -1"])
async def test_sums_that_can_not_be_are_refused_by_the_database(
    database: Database, column: str
) -> None:
    await UsageStore(database).add([call()])
    with pytest.raises(sa.exc.IntegrityError):
        async with database.transaction() as connection:
            await connection.execute(sa.text(f"UPDATE provider_usage SET {column}"))
