"""The door to PostgreSQL: lost connections, clocks, leadership."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from haulage.domain.clock import SystemClock
from haulage.domain.errors import Unavailable
from haulage.storage.database import Database, driver_url
from haulage.storage.leader import Leader, led
from tests.factories import cut


@pytest.fixture
def name() -> str:
    """What this test's connections call themselves: those of the test before may be on their way
    out."""
    return f"haulage-{uuid4()}"


@pytest.fixture
async def database(database_url: str, name: str) -> AsyncIterator[Database]:
    opened = Database(database_url, pool_size=5, name=name)
    yield opened
    await opened.close()


@pytest.fixture
async def other(database_url: str, name: str) -> AsyncIterator[Database]:
    """A second process's connections."""
    opened = Database(database_url, pool_size=3, name=f"{name}-2")
    yield opened
    await opened.close()


async def one(database: Database) -> int:
    async with database.reading() as connection:
        return int(await connection.scalar(sa.text("SELECT 1")) or 0)


@pytest.mark.parametrize(
    "url", ["postgres://u:p@h:5/d", "postgresql://u:p@h:5/d", "postgresql+psycopg://u:p@h:5/d"]
)
def test_every_usual_form_of_a_url_is_understood(url: str) -> None:
    parsed = driver_url(url)
    assert parsed.drivername == "postgresql+psycopg"
    assert (parsed.username, parsed.password, parsed.host, parsed.port) == ("u", "p", "h", 5)


async def test_a_transaction_lands_whole_or_not_at_all(database: Database) -> None:
    async def broken() -> None:
        async with database.transaction() as connection:
            await connection.execute(sa.text("CREATE TABLE leftover (a int)"))
            raise KeyError

    with pytest.raises(KeyError):
        await broken()
    async with database.reading() as connection:
        assert await connection.scalar(sa.text("SELECT to_regclass('leftover')")) is None


async def test_a_fault_of_the_statement_is_not_a_lost_connection(database: Database) -> None:
    with pytest.raises(DBAPIError):
        async with database.reading() as connection:
            await connection.execute(sa.text("SELECT nonsense"))
    assert await one(database) == 1


async def test_a_connection_that_was_cut_while_idle_is_replaced_and_nobody_notices(
    database: Database, database_url: str, name: str
) -> None:
    assert await one(database) == 1
    assert cut(database_url, name) == 1
    assert await one(database) == 1


async def test_a_connection_cut_inside_a_transaction_is_unavailable(
    database: Database, database_url: str, name: str
) -> None:
    async def interrupted() -> None:
        async with database.transaction() as connection:
            await connection.execute(sa.text("SELECT 1"))
            cut(database_url, name)
            await connection.execute(sa.text("SELECT 1"))

    with pytest.raises(Unavailable) as caught:
        await interrupted()
    assert "haulage up" in caught.value.hint
    assert await one(database) == 1


async def test_after_a_cut_of_all_idle_connections_the_pool_is_as_good_as_new(
    database: Database, database_url: str, name: str
) -> None:
    await asyncio.gather(*(one(database) for _ in range(5)))
    assert cut(database_url, name) == 5
    assert await asyncio.gather(*(one(database) for _ in range(5))) == [1] * 5


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        await one(database)
    await database.close()


async def test_a_clock_is_moved_onto_postgresqls(database: Database) -> None:
    clock = SystemClock()
    clock.calibrate(clock.now().replace(year=2000))
    assert clock.now().year == 2000
    await database.calibrate(clock)
    assert abs((clock.now() - await database.now()).total_seconds()) < 2


async def test_one_leads_and_the_other_stands_by(database: Database, other: Database) -> None:
    first, second = Leader(database, "post"), Leader(other, "post")
    assert not await led(database, "post")
    assert await first.acquire()
    assert not await second.acquire()
    assert await first.acquire()
    assert await first.held()
    assert not await second.held()
    assert await led(other, "post")
    await first.release()
    assert await second.acquire()
    assert not await first.acquire()
    await second.release()
    assert not await led(database, "post")


async def test_two_names_have_two_leaders(database: Database) -> None:
    first, second = Leader(database, "a"), Leader(database, "b")
    assert await first.acquire()
    assert await second.acquire()
    await first.release()
    await second.release()


async def test_a_leader_whose_connection_is_cut_notices_and_another_takes_over(
    database: Database, other: Database, database_url: str, name: str
) -> None:
    first, second = Leader(database, "post"), Leader(other, "post")
    assert await first.acquire()
    cut(database_url, name)
    deadline = time.monotonic() + 5
    while not await second.acquire():
        assert time.monotonic() < deadline
    assert not await first.held()
    assert not await first.acquire()
    await second.release()
    assert await first.acquire()
    await first.release()


async def test_standing_by_over_cut_connections_goes_on_and_leaks_none(
    database: Database, other: Database, database_url: str, name: str
) -> None:
    first, second = Leader(database, "post"), Leader(other, "post")
    assert await first.acquire()
    for _ in range(5):
        assert not await second.acquire()
        cut(database_url, f"{name}-2")
    assert not await second.acquire()
    assert await asyncio.gather(*(one(other) for _ in range(3))) == [1] * 3
    await first.release()


async def test_releasing_over_a_cut_connection_is_no_error(
    database: Database, database_url: str, name: str
) -> None:
    leader = Leader(database, "post")
    await leader.release()
    assert await leader.acquire()
    cut(database_url, name)
    await leader.release()
    assert not await leader.held()


async def test_connections_are_given_in_the_order_in_which_they_were_asked_for(
    database_url: str,
) -> None:
    database = Database(database_url, pool_size=1)
    order: list[int] = []
    tasks: list[asyncio.Task[None]] = []

    async def ask(number: int) -> None:
        async with database.reading():
            order.append(number)

    async def come() -> None:
        # One in each turn of the loop: some in the very moment in which a connection comes back.
        for _ in range(30):
            tasks.append(asyncio.create_task(ask(len(tasks))))
            await asyncio.sleep(0)

    try:
        async with database.reading():
            await come()
        await come()
        await asyncio.gather(*tasks)
    finally:
        await database.close()

    assert order == sorted(order)


def test_a_database_that_was_closed_serves_another_event_loop(database_url: str) -> None:
    database = Database(database_url, pool_size=1)

    async def crowd() -> list[int]:
        found = await asyncio.gather(*(one(database) for _ in range(4)))
        await database.close()
        return found

    assert [asyncio.run(crowd()) for _ in range(2)] == [[1] * 4] * 2
