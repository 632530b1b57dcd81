"""Who may submit, where Haulage's tables may be, and what is told to the database at a start."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from haulage import submit_in
from haulage.domain import bulk
from haulage.domain.context import Context
from haulage.domain.errors import (
    Unavailable,
)
from haulage.domain.job_type import job_type
from haulage.engine.services import Services
from haulage.storage import migrate
from haulage.storage.type_store import TypeStore
from tests.factories import row
from tests.submit_in.conftest import QUEUES, Invoice


@pytest.fixture
def role(caller: psycopg.Connection, worker_number: int) -> Iterator[str]:
    """A role without a right on anything of ours; it goes with the caller's transaction."""
    name = f"app_{worker_number}"
    caller.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    yield name
    caller.rollback()


async def test_a_role_that_may_execute_the_function_needs_no_other_right(
    caller: psycopg.Connection, role: str
) -> None:
    caller.execute(f"GRANT EXECUTE ON FUNCTION haulage_submit TO {role}")  # type: ignore[arg-type]
    caller.execute(f"SET ROLE {role}")  # type: ignore[arg-type]
    assert submit_in(caller, "invoice", {"order": 1}, idempotency_key="k")
    for table in ("jobs", "events", "idempotency_keys", "job_types"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), caller.transaction():
            caller.execute(f"SELECT FROM {table}")  # type: ignore[arg-type]


async def test_a_role_that_may_not_is_told_the_grant(caller: psycopg.Connection, role: str) -> None:
    caller.execute(f"SET ROLE {role}")  # type: ignore[arg-type]
    with pytest.raises(Unavailable) as caught:
        submit_in(caller, "invoice", {"order": 1})
    assert "GRANT EXECUTE ON FUNCTION haulage_submit" in caught.value.hint


async def test_a_callers_own_tables_of_the_same_names_do_not_get_in_between(
    published: Services, caller: psycopg.Connection
) -> None:
    caller.execute("CREATE TEMP TABLE jobs (id int); CREATE TEMP TABLE events (id int)")
    job_id = submit_in(caller, "invoice", {"order": 1})
    caller.commit()
    assert (await row(published, job_id))["state"] == "queued"


async def test_another_database_is_said_to_have_no_such_function(servers: dict[str, str]) -> None:
    with psycopg.connect(servers["database"]) as caller, pytest.raises(Unavailable) as caught:
        submit_in(caller, "invoice")
    assert "haulage db migrate" in caught.value.hint


@pytest.mark.parametrize("schema", ["a.b", 'a"b', "a b", ""])
async def test_a_schema_is_a_plain_name(caller: psycopg.Connection, schema: str) -> None:
    with pytest.raises(ValueError, match="schema"):
        submit_in(caller, "invoice", schema=schema)


async def test_haulage_may_live_in_a_schema_of_its_own(
    servers: dict[str, str], worker_number: int, published: Services
) -> None:
    name = f"shared_{worker_number}"
    url = f"{servers['database'].rpartition('/')[0]}/{name}"
    with psycopg.connect(servers["database"], autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        try:
            with psycopg.connect(url, autocommit=True) as there:
                there.execute("CREATE SCHEMA haulage; CREATE TABLE public.jobs (mine int)")
            migrate.migrate(f"{url}?options=-csearch_path%3Dhaulage")
            with psycopg.connect(f"{url}?options=-csearch_path%3Dpublic") as there:
                there.execute(
                    "INSERT INTO haulage.job_types VALUES"
                    " ('invoice', 'io', 'io', '{io}', 1, 1, 1, now())"
                )
                submit_in(there, "invoice", {"order": 1}, schema="haulage")
                assert there.execute("SELECT count(*) FROM haulage.jobs").fetchone() == (1,)
        finally:
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


async def test_types_are_published_again_when_they_changed(published: Services) -> None:
    async def told() -> dict[str, Any]:
        async with published.database.reading() as connection:
            found = await connection.exec_driver_sql("SELECT * FROM job_types WHERE name = 'count'")
            return dict(found.mappings().one())

    store, first = TypeStore(published.database, published.clock), await told()
    published.clock.advance(hours=1)  # type: ignore[attr-defined]
    await store.publish(published.registry, QUEUES)
    assert await told() == first
    await store.publish(published.registry, {**QUEUES, "ocr": "cpu"})
    assert (await told())["queues"] == ["cpu", "ocr"]
    assert (await told())["published_at"] > first["published_at"]


async def test_a_type_whose_queue_nobody_serves_is_not_published(services: Services) -> None:
    await TypeStore(services.database, services.clock).publish(services.registry, {"io": "io"})
    async with services.database.reading() as connection:
        found = await connection.exec_driver_sql("SELECT name FROM job_types ORDER BY 1")
        assert found.scalars().all() == ["invoice", "translate"]


async def test_what_only_haulage_itself_submits_is_not_published(published: Services) -> None:
    @job_type("inner", internal=True, registry=published.registry)
    async def inner(input: Invoice, ctx: Context) -> str:
        return ""

    store = TypeStore(published.database, published.clock)
    await store.publish(published.registry, {**QUEUES, bulk.QUEUE: "io"})
    async with published.database.reading() as connection:
        found = await connection.exec_driver_sql("SELECT name, queues FROM job_types ORDER BY 1")
        assert [tuple(one) for one in found] == [
            ("count", ["cpu"]),
            ("invoice", ["io", "slow"]),
            ("translate", ["io", "slow"]),
        ]
