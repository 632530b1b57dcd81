"""Migrations on tables that are in use: they wait without holding anybody up, and survive death."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from haulage.domain.errors import Unavailable
from haulage.storage import revisions
from haulage.storage.migrations.patience import Bounds
from tests.storage.migrating import HURRIED, Ahead
from tests.support.live_system import until

ADDS = "op.execute('ALTER TABLE jobs ADD COLUMN hue text')"
INDEXES = "online.create_index('ix_jobs_hue', 'jobs', ['tags'], where='priority > 0')"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_jobs_hue')"


@pytest.fixture
def someone(own_url: str) -> Iterator[psycopg.Connection]:
    """Who has written jobs in a transaction that stays open."""
    with psycopg.connect(own_url, application_name="report") as connection:
        connection.execute("UPDATE jobs SET tags = '{secret}'")
        yield connection


@contextmanager
def beside(work: Callable[[], None]) -> Iterator[threading.Thread]:
    """Do `work` in a thread, which ends before this does."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield thread
    thread.join(20)
    assert not thread.is_alive()


def ask(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()  # type: ignore[arg-type]
        return row[0] if row else None


def test_a_lock_is_waited_for_again_and_again_and_nobody_queues_behind_it_for_long(
    own_url: str, ahead: Ahead, someone: psycopg.Connection
) -> None:
    revision = ahead.add(ADDS)
    said: list[str] = []
    bounds = Bounds(lock_s=0.5, rest_s=0.1, longest_rest_s=0.2, patience_s=20)
    longest_s = 0.0
    with beside(lambda: ahead.migrate(own_url, tell=said.append, bounds=bounds)):
        with psycopg.connect(own_url, autocommit=True) as another:
            while sum("tries again" in line for line in said) < 3:
                began = time.monotonic()
                another.execute("SELECT count(*) FROM jobs")
                longest_s = max(longest_s, time.monotonic() - began)
        assert not revisions.standing(own_url).is_ahead
        someone.rollback()
    assert revisions.standing(own_url).current == revision
    # It did have to wait, for one try of the migration at most; the rest is this machine's.
    assert 0.1 < longest_s < 3


def test_who_is_in_the_way_is_told_but_not_what_they_say(
    own_url: str, ahead: Ahead, someone: psycopg.Connection
) -> None:
    ahead.add(ADDS)
    said: list[str] = []
    with beside(lambda: ahead.migrate(own_url, tell=said.append, bounds=Bounds(rest_s=0.1))):
        until(lambda: any("waits for" in line for line in said))
        someone.rollback()
    waits = next(line for line in said if "waits for" in line)
    assert f"pid {someone.info.backend_pid} (report, idle in transaction)" in waits
    assert re.search(r"its transaction began \d+ s ago, its last statement began \d+ s ago", waits)
    assert "secret" not in waits
    assert said[-1].endswith("One more.")


def test_patience_ends_with_what_to_do(
    own_url: str, ahead: Ahead, someone: psycopg.Connection
) -> None:
    ahead.add(ADDS)
    with pytest.raises(Unavailable, match="was not free") as caught:
        ahead.migrate(own_url, bounds=Bounds(lock_s=0.1, rest_s=0.1, patience_s=0.3))
    assert "pg_terminate_backend" in caught.value.hint


def test_an_index_is_built_while_others_write(
    own_url: str, ahead: Ahead, someone: psycopg.Connection
) -> None:
    """It outwaits an open transaction that is older, which takes longer than any lock may."""
    ahead.add(INDEXES)
    said: list[str] = []
    with beside(lambda: ahead.migrate(own_url, tell=said.append)):
        until(lambda: any("waits for" in line for line in said))
        with psycopg.connect(own_url) as another:
            another.execute("SET LOCAL lock_timeout = '1s'")
            another.execute("LOCK TABLE jobs IN ROW EXCLUSIVE MODE")
        someone.rollback()
    assert not any("tries again" in line for line in said)
    assert ask(own_url, VALID) is True


def migrator(url: str, ahead: Ahead) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.migrating", url, str(ahead.folder)],
        stderr=subprocess.PIPE,
        text=True,
    )


def builder(url: str) -> int | None:
    """The session that builds an index and waits for somebody."""
    found = ask(
        url,
        # The server may have other tests' databases, too.
        "SELECT pid FROM pg_stat_progress_create_index"
        " WHERE phase LIKE 'waiting%' AND datname = current_database() LIMIT 1",
    )
    return found if isinstance(found, int) else None


def test_what_a_killed_migrator_left_of_an_index_is_dropped_and_built_again(
    own_url: str, ahead: Ahead, someone: psycopg.Connection
) -> None:
    revision = ahead.add(INDEXES)
    killed = migrator(own_url, ahead)
    until(lambda: builder(own_url) is not None, within_s=60)
    killed.kill()
    killed.communicate()
    # PostgreSQL notices by itself that nobody is there any more.
    until(lambda: builder(own_url) is None, within_s=30)
    assert ask(own_url, VALID) is False
    assert revisions.standing(own_url).is_current
    someone.rollback()
    ahead.migrate(own_url)
    assert ask(own_url, VALID) is True
    assert revisions.standing(own_url).current == revision


def test_an_index_that_was_finished_before_the_death_stays(own_url: str, ahead: Ahead) -> None:
    ahead.add(INDEXES)
    ahead.migrate(own_url)
    number = "SELECT to_regclass('ix_jobs_hue')::oid::bigint"
    before = ask(own_url, number)
    with psycopg.connect(own_url) as connection:
        # As if it had died before it could say that this step is done.
        connection.execute("UPDATE alembic_version SET version_num = %s", [revisions.newest()])
        connection.execute("DELETE FROM migrations WHERE revision > %s", [revisions.newest()])
    ahead.migrate(own_url)
    assert ask(own_url, number) == before


def test_a_migrator_that_waits_for_another_does_not_hold_up_its_index(
    own_url: str, ahead: Ahead, someone: psycopg.Connection
) -> None:
    ahead.add(INDEXES)
    with beside(lambda: ahead.migrate(own_url)):
        until(lambda: builder(own_url) is not None)
        second = migrator(own_url, ahead)
        assert second.stderr is not None
        assert "waits for another migration" in second.stderr.readline()
        someone.rollback()
    assert second.wait(20) == 0
    assert ask(own_url, VALID) is True


def test_a_check_is_added_in_two_steps_and_holds_twice(own_url: str, ahead: Ahead) -> None:
    check = "online.add_check('ck_jobs_hue', 'jobs', 'priority < 9')"
    ahead.add(f"{check}\n{check}")
    ahead.migrate(own_url, bounds=HURRIED)
    assert ask(own_url, "SELECT convalidated FROM pg_constraint WHERE conname = 'ck_jobs_hue'")
