"""Whether a real Redis still has what it was given, told by a mark."""

from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from haulage.domain.ids import uuid7
from haulage.engine.bus import connect
from haulage.engine.redis_broker import RedisMemory, RedisQueueLengths

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    async with connect(redis_url) as client:
        yield client


@pytest.fixture
def prefix() -> str:
    return f"{uuid7()}:"


async def test_a_redis_that_has_everything_never_lapsed(
    client: redis.asyncio.Redis, prefix: str
) -> None:
    memory = RedisMemory(client, prefix=prefix)
    await memory.lapsed()
    assert [await memory.lapsed() for _ in range(3)] == [False, False, False]


async def test_one_that_was_emptied_did(client: redis.asyncio.Redis, prefix: str) -> None:
    memory = RedisMemory(client, prefix=prefix)
    await memory.lapsed()
    await client.delete(f"{prefix}dispatcher:mark")
    assert [await memory.lapsed() for _ in range(2)] == [True, False]


async def test_one_that_lost_its_last_second_did(client: redis.asyncio.Redis, prefix: str) -> None:
    memory = RedisMemory(client, prefix=prefix)
    await memory.lapsed()
    before = await client.get(f"{prefix}dispatcher:mark")
    await memory.lapsed()
    await client.set(f"{prefix}dispatcher:mark", before)
    assert [await memory.lapsed() for _ in range(2)] == [True, False]


async def test_a_new_leader_takes_the_mark_of_the_one_before_for_memory(
    client: redis.asyncio.Redis, prefix: str
) -> None:
    await RedisMemory(client, prefix=prefix).lapsed()
    assert not await RedisMemory(client, prefix=prefix).lapsed()


async def test_a_leader_of_an_empty_redis_takes_it_for_one_that_forgot(
    client: redis.asyncio.Redis, prefix: str
) -> None:
    assert await RedisMemory(client, prefix=prefix).lapsed()


async def test_a_redis_that_is_away_has_said_nothing(prefix: str) -> None:
    async with connect(NOWHERE) as client:
        assert not await RedisMemory(client, prefix=prefix).lapsed()
        assert await RedisQueueLengths(client, prefix=prefix)("io") is None
