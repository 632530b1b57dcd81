"""Every kind of connection: the job is there after its commit, and not after its rollback."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from django.conf import settings as django_settings
from django.db import connections, transaction
from psycopg.rows import dict_row, namedtuple_row
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from haulage import submit_in
from haulage.domain.errors import UnknownJobType
from haulage.engine.services import Services
from haulage.storage.database import driver_url
from tests.factories import history, row

# Something of every kind of value, for drivers differ in how they send them.
SAID: dict[str, Any] = {
    "tags": ["shop"],
    "run_at": datetime(2026, 1, 1, tzinfo=UTC),
    "max_attempts": 2,
    "timeout_s": 1.5,
    "idempotency_key": "order-7",
}


class Undo(Exception):
    """Raised inside a transaction to roll it back."""


@contextmanager
def psycopg_tuples(url: str) -> Iterator[Any]:
    with psycopg.connect(url) as connection:
        yield connection


@contextmanager
def psycopg_dicts(url: str) -> Iterator[Any]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        yield connection


@contextmanager
def psycopg_pipeline(url: str) -> Iterator[Any]:
    with psycopg.connect(url) as connection, connection.pipeline():
        yield connection


@contextmanager
def sqlalchemy_connection(url: str) -> Iterator[Any]:
    with sa.create_engine(driver_url(url), poolclass=sa.NullPool).begin() as connection:
        yield connection


@contextmanager
def sqlalchemy_session(url: str) -> Iterator[Any]:
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    with Session(engine) as session, session.begin():
        yield session


@contextmanager
def sqlalchemy_scoped_session(url: str) -> Iterator[Any]:
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    scoped = scoped_session(sessionmaker(engine))
    with scoped.begin():
        yield scoped
    scoped.remove()


@contextmanager
def django(url: str) -> Iterator[Any]:
    parsed = sa.make_url(url)
    if not django_settings.configured:
        django_settings.configure()
    connections.databases["shop"] = connections.configure_settings(
        {
            "default": {},
            "shop": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parsed.database,
                "USER": parsed.username,
                "PASSWORD": parsed.password or "",
                "HOST": parsed.host,
                "PORT": parsed.port,
            },
        }
    )["shop"]
    try:
        with transaction.atomic(using="shop"):
            yield connections["shop"]
    finally:
        connections["shop"].close()
        del connections["shop"]


@asynccontextmanager
async def psycopg_async(url: str) -> AsyncIterator[Any]:
    connecting = psycopg.AsyncConnection.connect(url, row_factory=namedtuple_row)
    async with await connecting as connection:
        yield connection


@asynccontextmanager
async def sqlalchemy_async_connection(url: str) -> AsyncIterator[Any]:
    engine = create_async_engine(driver_url(url), poolclass=sa.NullPool)
    async with engine.begin() as connection:
        yield connection


@asynccontextmanager
async def sqlalchemy_asyncpg(url: str) -> AsyncIterator[Any]:
    asyncpg = driver_url(url).set(drivername="postgresql+asyncpg")
    async with create_async_engine(asyncpg, poolclass=sa.NullPool).begin() as connection:
        yield connection


@asynccontextmanager
async def sqlalchemy_async_session(url: str) -> AsyncIterator[Any]:
    engine = create_async_engine(driver_url(url), poolclass=sa.NullPool)
    async with AsyncSession(engine) as session, session.begin():
        yield session


BLOCKING = [
    psycopg_tuples,
    psycopg_dicts,
    psycopg_pipeline,
    sqlalchemy_connection,
    sqlalchemy_session,
    sqlalchemy_scoped_session,
    django,
]
AWAITING = [
    psycopg_async,
    sqlalchemy_async_connection,
    sqlalchemy_asyncpg,
    sqlalchemy_async_session,
]


def by_name(one: Any) -> str:
    return str(one.__name__)


@pytest.mark.parametrize("opened", BLOCKING, ids=by_name)
async def test_a_job_is_there_after_the_commit(
    published: Services, database_url: str, opened: Any
) -> None:
    def submitted() -> UUID:
        with opened(database_url) as connection:
            return submit_in(connection, "invoice", {"order": 7}, **SAID)

    # Django refuses a thread that has a running loop.
    await assert_is_there(published, await asyncio.to_thread(submitted))


@pytest.mark.parametrize("opened", BLOCKING, ids=by_name)
async def test_no_job_is_there_after_a_rollback(
    published: Services, database_url: str, opened: Any
) -> None:
    def undone() -> None:
        with opened(database_url) as connection:
            submit_in(connection, "invoice", {"order": 7}, idempotency_key="order-7")
            raise Undo

    with pytest.raises(Undo):
        await asyncio.to_thread(undone)
    assert await rows_left(published) == 0


@pytest.mark.parametrize("opened", AWAITING, ids=by_name)
async def test_an_awaited_job_is_there_after_the_commit(
    published: Services, database_url: str, opened: Any
) -> None:
    async with opened(database_url) as connection:
        job_id = await submit_in(connection, "invoice", {"order": 7}, **SAID)
    await assert_is_there(published, job_id)


@pytest.mark.parametrize("opened", BLOCKING, ids=by_name)
async def test_a_refusal_is_understood(published: Services, database_url: str, opened: Any) -> None:
    def refused() -> None:
        with opened(database_url) as connection:
            submit_in(connection, "invoce")

    with pytest.raises(UnknownJobType):
        await asyncio.to_thread(refused)


@pytest.mark.parametrize("opened", AWAITING, ids=by_name)
async def test_an_awaited_refusal_is_understood(
    published: Services, database_url: str, opened: Any
) -> None:
    async def refused() -> None:
        async with opened(database_url) as connection:
            await submit_in(connection, "invoce")

    with pytest.raises(UnknownJobType):
        await refused()


@pytest.mark.parametrize("opened", AWAITING, ids=by_name)
async def test_no_awaited_job_is_there_after_a_rollback(
    published: Services, database_url: str, opened: Any
) -> None:
    async def undone() -> None:
        async with opened(database_url) as connection:
            await submit_in(connection, "invoice", {"order": 7}, idempotency_key="order-7")
            raise Undo

    with pytest.raises(Undo):
        await undone()
    assert await rows_left(published) == 0


async def test_an_async_session_of_a_maker_is_taken(published: Services, database_url: str) -> None:
    engine = create_async_engine(driver_url(database_url), poolclass=sa.NullPool)
    async with async_sessionmaker(engine).begin() as session:
        job_id = await submit_in(session, "invoice", {"order": 7})
    assert (await row(published, job_id))["state"] == "queued"


async def test_a_savepoint_that_is_undone_takes_its_job_along(
    published: Services, caller: psycopg.Connection
) -> None:
    with caller.transaction():
        kept = submit_in(caller, "invoice", {"order": 1})
        with caller.transaction(force_rollback=True):
            submit_in(caller, "invoice", {"order": 2})
    assert (await row(published, kept))["state"] == "queued"
    assert await rows_left(published) == 2


@pytest.mark.parametrize("nothing", [None, object(), "postgresql://localhost/x"])
def test_what_is_no_connection_is_said_to_be_none(nothing: object) -> None:
    with pytest.raises(TypeError, match="submit_in takes a psycopg connection"):
        submit_in(nothing, "invoice")


def test_an_engine_is_no_connection() -> None:
    with pytest.raises(TypeError, match="this is a sqlalchemy"):
        submit_in(sa.create_engine("postgresql+psycopg://"), "invoice")


async def assert_is_there(services: Services, job_id: UUID) -> None:
    assert isinstance(job_id, UUID)
    found = await row(services, job_id)
    assert (found["state"], found["tags"], found["queue"]) == ("queued", ["shop"], "io")
    [event] = await history(services, job_id)
    assert (event["kind"], event["state"], event["reason"]) == ("state", "queued", None)


async def rows_left(services: Services) -> int:
    """Rows of jobs, events and keys together."""
    async with services.database.reading() as connection:
        counted = await connection.scalar(
            sa.text(
                "SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM events)"
                " + (SELECT count(*) FROM idempotency_keys)"
            )
        )
    return int(counted)
