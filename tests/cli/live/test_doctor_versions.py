"""What `haulage doctor` says of versions that run side by side."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from haulage.cli.checkup.findings import Finding, Level, Surroundings, this_host
from haulage.cli.checkup.postgres import postgres_checks
from haulage.domain.ids import uuid7
from haulage.storage import revisions

Look = Callable[[], dict[str, Finding]]


@pytest.fixture
def look(database_url: str, tmp_path: Path) -> Look:
    """What the doctor finds of PostgreSQL now."""
    around = Surroundings(
        data=tmp_path,
        database_url=database_url,
        redis_url=None,
        broker_url=None,
        blob_url=str(tmp_path / "blobs"),
        is_up=False,
        has_server=True,
    )
    return lambda: {finding.what: finding for finding in postgres_checks(around)}


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@contextmanager
def tables_at(database: psycopg.Connection, revision: str) -> Iterator[None]:
    try:
        database.execute("UPDATE alembic_version SET version_num = %s", [revision])
        yield
    finally:
        database.execute("UPDATE alembic_version SET version_num = %s", [revisions.newest()])


def mark(database: psycopg.Connection, revision: str, oldest_code: str) -> None:
    database.execute(
        "INSERT INTO migrations VALUES (%s, %s, '9.9.9', now())", [revision, oldest_code]
    )


def worker(database: psycopg.Connection, *, version: str, revision: str | None = None) -> None:
    database.execute(
        "INSERT INTO workers (id, name, host, pid, pool, queues, slots, version, revision,"
        " started_at, heartbeat_at)"
        " VALUES (%s, 'io@a:1', %s, 1, 'io', '{io}', 1, %s, %s, now(), now())",
        [uuid7(), this_host(), version, revision],
    )


@pytest.mark.parametrize(
    ("revision", "says", "mend"),
    [("0001", "at revision 0001, not at", "db migrate"), ("9999", "does not fit", "--upgrade")],
)
def test_tables_behind_and_tables_ahead_are_told_apart(
    database: psycopg.Connection, look: Look, revision: str, says: str, mend: str
) -> None:
    with tables_at(database, revision):
        schema = look()["schema"]
    assert (schema.level, says in schema.why, mend in schema.mend) == (Level.FAIL, True, True)


def test_tables_that_a_newer_version_migrated_are_said_to_fit_still(
    database: psycopg.Connection, look: Look
) -> None:
    mark(database, "9999", revisions.newest())
    with tables_at(database, "9999"):
        schema = look()["schema"]
    assert schema.level is Level.WARN
    assert "still fits" in schema.why
    assert "9.9.9 migrated" in schema.mend


def test_workers_of_another_version_are_named(database: psycopg.Connection, look: Look) -> None:
    worker(database, version="9.9.9")
    assert "9.9.9" in look()["worker versions"].why


def test_a_worker_whose_code_the_tables_do_not_carry_is_a_failure(
    database: psycopg.Connection, look: Look
) -> None:
    mark(database, "9999", "9998")
    worker(database, version="0.0.9")
    outgrown = look()["outgrown workers"]
    assert (outgrown.level, "io@a:1 (0.0.9)" in outgrown.why) == (Level.FAIL, True)


def test_a_worker_that_knows_the_tables_is_none(database: psycopg.Connection, look: Look) -> None:
    mark(database, "9999", "9998")
    worker(database, version="9.9.8", revision="9998")
    assert "outgrown workers" not in look()
