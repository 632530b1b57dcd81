"""Which code fits which tables, and that nobody takes away what live workers ask for."""

import psycopg
import pytest
from alembic import command

from haulage.domain.errors import Unavailable
from haulage.domain.ids import uuid7
from haulage.storage import migrate, revisions
from haulage.storage.migrations import marks
from haulage.storage.revisions import Standing
from haulage.wiring.tables import require_tables
from tests.storage.migrating import Ahead, after

NEWEST = revisions.newest()
NOTHING = "pass"
REMOVES = "op.execute('ALTER TABLE workers DROP COLUMN paces')"


def test_tables_that_only_gained_something_carry_the_version_before(
    own_url: str, ahead: Ahead
) -> None:
    ahead.add("op.execute('ALTER TABLE jobs ADD COLUMN hue text')")
    ahead.migrate(own_url)
    found = revisions.standing(own_url)
    assert (found.current, found.oldest_code) == (after(NEWEST), NEWEST)
    assert (found.is_ahead, found.fits) == (True, True)
    require_tables(own_url)


def test_code_does_not_start_on_tables_that_lost_what_it_asks_for(
    own_url: str, ahead: Ahead
) -> None:
    ahead.add(NOTHING)
    ahead.add(REMOVES, oldest_code=after(NEWEST))
    ahead.migrate(own_url)
    with pytest.raises(Unavailable, match=f"carry code of revision {after(NEWEST)}") as caught:
        require_tables(own_url)
    assert f"to revision {after(NEWEST, 2)}" in str(caught.value)
    assert "pip install --upgrade" in caught.value.hint


def test_what_was_taken_away_stays_away_when_the_next_one_only_adds(
    own_url: str, ahead: Ahead
) -> None:
    ahead.add(NOTHING, oldest_code=after(NEWEST))
    ahead.add(NOTHING, oldest_code=NEWEST)
    ahead.migrate(own_url)
    assert revisions.standing(own_url).oldest_code == after(NEWEST)


def test_a_step_that_is_undone_counts_no_more(own_url: str, ahead: Ahead) -> None:
    before = revisions.standing(own_url)
    ahead.add(NOTHING, oldest_code=after(NEWEST))
    ahead.migrate(own_url)
    command.downgrade(ahead.config(own_url), NEWEST)
    assert revisions.standing(own_url) == before


def test_a_step_whose_death_takes_it_back_leaves_no_mark(own_url: str, ahead: Ahead) -> None:
    ahead.add("op.execute('SELECT 1 / 0')", oldest_code=after(NEWEST))
    with pytest.raises(Exception, match="division by zero"):
        ahead.migrate(own_url)
    assert revisions.standing(own_url).is_current
    require_tables(own_url)


def test_tables_that_are_behind_or_not_there_are_refused_with_the_command_that_helps() -> None:
    assert not Standing(None, "0030").fits
    behind = Standing("0029", "0030", oldest_code="0028")
    assert (behind.is_ahead, behind.fits) == (False, False)


def test_tables_ahead_that_say_nothing_of_older_code_do_not_fit() -> None:
    assert not Standing("0031", "0030", oldest_code=None).fits


def test_the_version_before_migrates_nothing_and_is_content(own_url: str, ahead: Ahead) -> None:
    ahead.add(NOTHING)
    ahead.migrate(own_url)
    said: list[str] = []
    assert migrate.migrate(own_url, tell=said.append) == after(NEWEST)
    assert "nothing to do" in said[0]


def test_a_version_that_does_not_fit_migrates_nothing_and_says_so(
    own_url: str, ahead: Ahead
) -> None:
    ahead.add(NOTHING, oldest_code=after(NEWEST))
    ahead.migrate(own_url)
    with pytest.raises(Unavailable, match="this is"):
        migrate.migrate(own_url)


def worker(url: str, *, revision: str | None, beat: str = "now()") -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO workers (id, name, host, pid, pool, queues, slots, version, revision,"
            f" started_at, heartbeat_at) VALUES (%s, 'io@old:1', 'old', 1, 'io', '{{io}}', 1,"
            f" '0.0.9', %s, now(), {beat})",  # type: ignore[arg-type]
            [uuid7(), revision],
        )


@pytest.mark.parametrize("revision", [None, "0027", "0028"])
def test_nothing_is_taken_away_while_a_worker_asks_for_it(
    own_url: str, revision: str | None
) -> None:
    worker(own_url, revision=revision)
    with pytest.raises(Unavailable, match=r"io@old:1 \(0\.0\.9\)") as caught:
        marks.refuse_older_workers(own_url, "0029")
    assert "--force" in caught.value.hint


@pytest.mark.parametrize(
    ("revision", "beat"), [("0029", "now()"), ("0028", "now() - interval '2 minutes'")]
)
def test_workers_that_know_of_it_or_are_gone_are_no_hindrance(
    own_url: str, revision: str, beat: str
) -> None:
    worker(own_url, revision=revision, beat=beat)
    marks.refuse_older_workers(own_url, "0029")
