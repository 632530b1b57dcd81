"""Migrations from 0028 on can be run while everybody works: no statement of theirs brings a big
table to a standstill, and each says which code it carries."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.event import listens_for, remove

from haulage.storage import migrate
from tests.storage.standstill import BIG, standstills

# Those before were written for tables that nobody had yet.
FIRST = "0028"


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Every statement that SQLAlchemy sends."""
    said: list[str] = []

    @listens_for(sa.Engine, "before_cursor_execute")
    def hear(_c: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    yield said
    remove(sa.Engine, "before_cursor_execute", hear)


def scripts() -> list[str]:
    directory = ScriptDirectory.from_config(migrate.config("postgresql:///"))
    return sorted(one.revision for one in directory.walk_revisions() if one.revision >= FIRST)


def test_no_migration_brings_a_big_table_to_a_standstill(empty_url: str, heard: list[str]) -> None:
    settings = migrate.config(empty_url)
    before = f"{int(FIRST) - 1:04}"
    command.upgrade(settings, before)
    for revision in scripts():
        heard.clear()
        command.upgrade(settings, revision)
        assert heard
        assert not standstills(heard), f"{revision}: see tests/storage/standstill.py"


def test_each_migration_says_which_code_it_carries() -> None:
    folder = files("haulage.storage") / "migrations" / "versions"
    silent = [
        path.name
        for path in Path(str(folder)).glob("0*.py")
        if path.name >= FIRST and "\noldest_code = " not in path.read_text()
    ]
    assert not silent, (
        "add `oldest_code`, the oldest revision whose code runs on it (script.py.mako)"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX ix_jobs_a ON jobs (a)",
        "CREATE UNIQUE INDEX ix_jobs_a ON jobs USING btree (a)",
        "DROP INDEX ix_jobs_a",
        "ALTER TABLE jobs ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE events ADD CONSTRAINT ck_a CHECK (a > 0)",
        "ALTER TABLE steps ADD CONSTRAINT fk_a FOREIGN KEY(a) REFERENCES jobs (id)",
        "ALTER TABLE steps ADD CONSTRAINT uq_a UNIQUE (a)",
        "ALTER TABLE jobs ALTER COLUMN a TYPE BIGINT",
        "ALTER TABLE jobs ADD COLUMN a TEXT NOT NULL",
        "ALTER TABLE jobs ADD COLUMN a TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp()",
        "ALTER TABLE jobs ADD COLUMN a INTEGER GENERATED ALWAYS AS (b + 1) STORED",
        "ALTER TABLE jobs RENAME COLUMN a TO b",
        "UPDATE jobs SET a = 1",
    ],
)
def test_a_standstill_is_found(statement: str) -> None:
    assert standstills([statement])


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE INDEX CONCURRENTLY ix_jobs_a ON jobs (a)"],
        ["DROP INDEX CONCURRENTLY ix_jobs_a"],
        ["CREATE INDEX ix_workers_a ON workers (a)"],
        ["CREATE TABLE webhook_deliveries (a TEXT)", "CREATE INDEX ix ON webhook_deliveries (a)"],
        ["ALTER TABLE jobs ADD COLUMN a TEXT"],
        ["ALTER TABLE jobs ADD COLUMN a BOOLEAN DEFAULT false NOT NULL"],
        ["ALTER TABLE jobs DROP COLUMN a"],
        ["ALTER TABLE jobs ADD CONSTRAINT ck_a CHECK (a > 0) NOT VALID"],
        ["ALTER TABLE jobs VALIDATE CONSTRAINT ck_a"],
        ["SELECT 1"],
    ],
)
def test_what_holds_nobody_up_may_be_said(statements: list[str]) -> None:
    assert not standstills(statements)


def test_a_table_is_big_unless_it_is_listed_as_small() -> None:
    assert {"jobs", "events", "steps", "audit", "credit_entries", "webhook_deliveries"} <= BIG
