"""The bus on real Redis: wake-ups arrive, and a Redis that is away is silence."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from haulage.domain.ids import uuid7
from haulage.engine.bus import IDS_PER_MESSAGE, Bus, Listener, Orders, connect, unpack

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
async def bus(redis_url: str) -> AsyncIterator[Bus]:
    # Channels know no databases: tests side by side would hear each other.
    made = Bus(connect(redis_url), prefix=f"{uuid7()}:")
    yield made
    await made.close()


@pytest.fixture
async def listener(redis_url: str, bus: Bus) -> AsyncIterator[Listener]:
    client = connect(redis_url)
    made = Listener(client, bus.events_channel)
    assert await made.hear(10) is None
    yield made
    await made.close()
    await client.aclose()


async def test_news_of_jobs_reaches_a_listener(bus: Bus, listener: Listener) -> None:
    ids = {uuid7(), uuid7()}
    bus.rang(ids)
    assert await listener.hear(10) == ids


async def test_many_news_are_all_heard(bus: Bus, listener: Listener) -> None:
    ids = {uuid7() for _ in range(IDS_PER_MESSAGE * 2 + 7)}
    for job_id in ids:
        bus.rang([job_id, job_id])
    heard: set[object] = set()
    async with asyncio.timeout(10):
        while heard != ids:
            heard |= await listener.hear(10) or set()


async def test_silence_is_heard_as_nothing(listener: Listener) -> None:
    started = time.monotonic()
    assert await listener.hear(0.05) == set()
    assert time.monotonic() - started >= 0.05


async def test_nothing_new_is_not_published(bus: Bus, listener: Listener) -> None:
    bus.rang([])
    bus.wake([])
    assert await listener.hear(0.05) == set()


async def test_a_worker_wakes_for_its_own_orders_only(bus: Bus, redis_url: str) -> None:
    mine, other = uuid7(), uuid7()
    client = connect(redis_url)
    orders = Orders(Listener(client, bus.orders_channel))
    # It looks once at the start: what was said before it listened went unheard.
    await orders.wait(mine, 60)
    waiting = asyncio.ensure_future(orders.wait(mine, 60))
    bus.wake([other])
    bus.wake([mine, other])
    async with asyncio.timeout(10):
        await waiting
    started = time.monotonic()
    await orders.wait(mine, 0.05)
    assert time.monotonic() - started >= 0.05
    await orders.close()
    await client.aclose()


async def test_without_redis_bells_are_silent() -> None:
    bus = Bus(connect(NOWHERE), prefix="test:")
    for _ in range(100):
        bus.rang([uuid7()])
        bus.wake([uuid7()])
    await bus.close()


@pytest.mark.parametrize("there", [False, True])
async def test_without_redis_a_listener_hears_silence_and_keeps_its_time(there: bool) -> None:
    """Whether nobody is there or somebody who says nothing: a heartbeat waits for it."""
    async with hanging_server() as url:
        client = connect(url if there else NOWHERE)
        listener = Listener(client, "test:events")
        took_s = []
        for _ in range(3):
            started = time.monotonic()
            assert await listener.hear(0.3) == set()
            took_s.append(time.monotonic() - started)
        # A busy machine makes some of them late, a wait for Redis all of them.
        assert 0.3 <= min(took_s) < 0.9
        await listener.close()
        await client.aclose()


@asynccontextmanager
async def hanging_server() -> AsyncIterator[str]:
    """Takes connections and never answers."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


async def test_a_listener_whose_connection_was_dropped_says_that_it_may_have_missed_some(
    bus: Bus, listener: Listener, redis_url: str
) -> None:
    await cut_others(redis_url)
    async with asyncio.timeout(20):
        while await listener.hear(0.2) is not None:
            pass
    job_id = uuid7()
    bus.rang([job_id])
    assert await listener.hear(10) == {job_id}


async def test_a_bus_whose_connection_was_dropped_speaks_again(
    bus: Bus, listener: Listener, redis_url: str
) -> None:
    bus.rang([uuid7()])
    await listener.hear(10)
    await cut_others(redis_url)
    job_id = uuid7()
    async with asyncio.timeout(20):
        heard: set[object] = set()
        while job_id not in heard:
            bus.rang([job_id])
            heard = await listener.hear(0.2) or set()


async def cut_others(redis_url: str) -> None:
    """End every connection to this database but the one that does it; the server is everybody's."""
    async with connect(redis_url) as client:
        own = await client.client_info()
        for other in await client.client_list():
            if other["db"] == str(own["db"]) and other["id"] != str(own["id"]):
                await client.client_kill_filter(_id=other["id"])


@pytest.mark.parametrize("nonsense", [None, "text", b"short", 5, b""])
def test_nonsense_on_the_channel_is_nothing(nonsense: object) -> None:
    assert unpack(nonsense) == set()


def test_ids_are_unpacked_as_they_were_packed() -> None:
    ids = {uuid7() for _ in range(3)}
    assert unpack(b"".join(one.bytes for one in ids)) == ids
