"""Idempotency keys: the same request again finds the same jobs."""

import asyncio

import pytest
import sqlalchemy as sa

from haulage.domain.errors import IdempotencyConflict, IdempotencyMismatch
from haulage.engine.services import Services
from haulage.storage.idempotency_store import IdempotencyStore
from haulage.storage.tables import jobs
from tests.conftest import TestClock
from tests.factories import new_job


@pytest.fixture
def keys(services: Services) -> IdempotencyStore:
    return IdempotencyStore(services.database, services.clock, ttl_s=60)


async def count(services: Services) -> int:
    async with services.database.reading() as connection:
        return await connection.scalar(sa.select(sa.func.count()).select_from(jobs)) or 0


async def test_the_same_request_again_finds_the_jobs_of_the_first_time(
    services: Services, keys: IdempotencyStore
) -> None:
    first = await keys.insert("k", "print", [new_job(), new_job()], tenant="default")
    again = await keys.insert("k", "print", [new_job(), new_job()], tenant="default")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.job_ids == first.job_ids
    assert again.expires_at == first.expires_at
    assert await count(services) == 2


async def test_another_request_under_the_key_is_refused_and_stores_nothing(
    services: Services, keys: IdempotencyStore
) -> None:
    await keys.insert("k", "print", [new_job()], tenant="default")
    with pytest.raises(IdempotencyMismatch):
        await keys.insert("k", "other", [new_job()], tenant="default")
    assert await count(services) == 1


async def test_tenants_have_their_keys_to_themselves(
    services: Services, keys: IdempotencyStore
) -> None:
    for tenant, key in (("a", "bc"), ("ab", "c")):
        kept = await keys.insert(key, "print", [new_job(tenant=tenant)], tenant=tenant)
        assert not kept.replayed
    assert await count(services) == 2


async def test_a_key_is_forgotten_after_its_time(
    services: Services, keys: IdempotencyStore, clock: TestClock
) -> None:
    await keys.insert("k", "print", [new_job()], tenant="default")
    clock.advance(seconds=61)
    kept = await keys.insert("k", "other", [new_job()], tenant="default")
    assert not kept.replayed


async def test_of_many_at_once_one_inserts_and_the_others_are_told(
    services: Services, keys: IdempotencyStore
) -> None:
    async def send() -> str:
        try:
            kept = await keys.insert("k", "print", [new_job()], tenant="default")
        except IdempotencyConflict:
            return "conflict"
        return "replayed" if kept.replayed else "inserted"

    answers = await asyncio.gather(*(send() for _ in range(10)))
    assert answers.count("inserted") == 1
    assert await count(services) == 1


async def test_while_the_first_request_is_open_the_second_is_told_at_once(
    services: Services, keys: IdempotencyStore
) -> None:
    async with services.database.transaction() as connection:
        await connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtextextended('7:default:k', 0))")
        )
        with pytest.raises(IdempotencyConflict):
            await asyncio.wait_for(
                keys.insert("k", "print", [new_job()], tenant="default"), timeout=20
            )
