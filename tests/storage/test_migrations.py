"""Migrations: they make what is declared, may be undone, and may run twice at once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from databases import made

from haulage.domain.errors import Unavailable
from haulage.storage import migrate, revisions, tables
from haulage.storage.database import driver_url

CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
"""
OPTIONS = "SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL ORDER BY 1"


@pytest.fixture
def declared_url(empty_url: str) -> Iterator[str]:
    """A database with the tables as `tables/` declares them."""
    name = empty_url.rpartition("/")[2] + "_declared"
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        url = empty_url + "_declared"
        engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
        tables.metadata.create_all(engine)
        yield url
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def shown(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return [
            one for one in connection.execute(query).fetchall() if "alembic_version" not in str(one)
        ]


@pytest.mark.parametrize("query", [CONSTRAINTS, INDEXES, COLUMNS, OPTIONS])
def test_migrated_tables_are_the_declared_ones_as_postgresql_shows_them(
    migrated_url: str, declared_url: str, query: str
) -> None:
    declared = shown(declared_url, query)
    assert declared
    assert shown(migrated_url, query) == declared


def test_alembic_finds_nothing_left_to_migrate(migrated_url: str) -> None:
    engine = sa.create_engine(driver_url(migrated_url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_down_and_up_again_ends_where_it_began(empty_url: str) -> None:
    newest = migrate.migrate(empty_url)
    before = [shown(empty_url, query) for query in (CONSTRAINTS, INDEXES, COLUMNS)]
    command.downgrade(migrate.config(empty_url), "base")
    assert shown(empty_url, COLUMNS) == []
    assert revisions.standing(empty_url).current is None
    assert migrate.migrate(empty_url) == newest
    assert [shown(empty_url, query) for query in (CONSTRAINTS, INDEXES, COLUMNS)] == before


def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    assert revisions.standing(empty_url).current is None
    assert migrate.migrate(empty_url) == migrate.migrate(empty_url)
    assert revisions.standing(empty_url).is_current


def test_a_revision_is_what_its_file_begins_with() -> None:
    script = ScriptDirectory.from_config(migrate.config("postgresql:///"))
    assert revisions.newest() == script.get_current_head()
    for revision in script.walk_revisions():
        assert Path(revision.path).name.startswith(f"{revision.revision}_")


def test_two_migrators_at_once_both_succeed(empty_url: str) -> None:
    program = "import sys; from haulage.storage.migrate import migrate; print(migrate(sys.argv[1]))"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, empty_url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert {out.strip() for out, _ in said} == {revisions.newest()}


def test_a_server_that_is_not_there_is_said_with_the_command_that_helps() -> None:
    with pytest.raises(Unavailable, match="does not let us in") as caught:
        migrate.migrate("postgresql://nobody@127.0.0.1:1/none")
    assert "haulage up" in caught.value.hint


def test_the_errors_and_tags_of_jobs_that_are_there_are_found_in_lists(empty_url: str) -> None:
    command.upgrade(migrate.config(empty_url), "0004")
    error = '{"code":"odd","message":"Null \\u0000 and half \\ud800"}'
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (id, type, state, queue, tags, input, max_attempts, timeout_s,"
            " created_at, scheduled_at, finished_at, error)"
            " VALUES (gen_random_uuid(), 'echo', 'failed', 'io', '{a,b,a}', '1', 1, 1,"
            " now(), now(), now(), %s)",
            [error],
        )
        migrate.migrate(empty_url)
        [(text,)] = connection.execute("SELECT error_text FROM jobs").fetchall()
        tags = connection.execute("SELECT tag FROM job_tags ORDER BY tag").fetchall()
    assert text == "odd null  and half ?"
    assert tags == [("a",), ("b",)]


def test_jobs_that_are_there_keep_the_files_that_they_name(empty_url: str) -> None:
    command.upgrade(migrate.config(empty_url), "0016")
    file = "01970000-0000-7000-8000-00000000000"
    with psycopg.connect(empty_url, autocommit=True) as connection:
        for number, tenant in ((1, "default"), (2, "default"), (3, "acme")):
            connection.execute(
                "INSERT INTO files (id, tenant, sha256, size, media_type, name, created_at)"
                " VALUES (%s, %s, '0', 1, 'a/b', 'a', now())",
                [f"{file}{number}", tenant],
            )
        connection.execute(
            "INSERT INTO jobs (id, type, state, queue, input, max_attempts, timeout_s,"
            " created_at, scheduled_at) VALUES (gen_random_uuid(), 'echo', 'queued', 'io', %s,"
            " 1, 1, now(), now())",
            [f'{{"files":["{file}1","{file}1","{file}3"],"note":"%:x"}}'],
        )
        migrate.migrate(empty_url)
        linked = connection.execute("SELECT CAST(file_id AS text) FROM job_files").fetchall()
        [(idle,)] = connection.execute("SELECT count(idle_since) FROM files").fetchall()
    assert (linked, idle) == ([(f"{file}1",)], 3)


def test_a_database_that_cannot_hold_every_text_is_refused(servers: dict[str, str]) -> None:
    like = "template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
    with (
        made(servers["database"], "test_ascii", like=like) as url,
        pytest.raises(Unavailable, match="encoding is SQL_ASCII; Haulage needs UTF8") as refused,
    ):
        migrate.migrate(url)
    assert "ENCODING 'UTF8'" in refused.value.hint
