"""An upgrade as a team does it, under load: migrate, roll, and the contraction of a later version.

One story for all tests: it is told once, and each of them looks at a part of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import Any

import psycopg
import pytest

from haulage.client import Client
from haulage.runtime.http_probe import HttpProbe
from haulage.storage import migrate, revisions
from tests.support.databases import made
from tests.support.live_system import free_port, until
from tests.upgrades.callers import Callers
from tests.upgrades.versions import (
    CONTRACTED,
    EXPANDED,
    NEXT,
    NOW,
    Version,
    contracting,
    following,
    present,
)  # fmt: skip

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("upgrade"), pytest.mark.timeout(420)]
PATIENT_S = 150


@dataclass
class Story:
    """What was seen on the way."""

    url: str
    callers: Callers
    expanded: "CompletedProcess[str]"
    ahead: revisions.Standing
    mixed: set[str]
    too_early: "CompletedProcess[str]"
    exits: dict[str, int]
    novelty: str
    contracted: "CompletedProcess[str]"
    refused: "CompletedProcess[str]"
    last: str

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement, values).fetchall()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def story(
    servers: dict[str, str], worker_number: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("upgrade")
    with made(servers["database"], f"upgrade_{worker_number}") as url:
        environment = {
            "HAULAGE_DATABASE_URL": url,
            "HAULAGE_REDIS_URL": servers["redis"],
            "HAULAGE_REDIS_PREFIX": f"upgrade-{worker_number}:",
            "HAULAGE_BLOB_URL": str(folder / "blobs"),
            "HAULAGE_HANDLERS": "tests.upgrades.carried",
            "HAULAGE_ENGINE_SHUTDOWN_S": "5",
        }
        older = present(environment, folder)
        newer = following(environment, folder)
        latest = contracting(newer, folder)
        try:
            yield _told(url, older, newer, latest)
        finally:
            older.kill()
            newer.kill()


def _told(url: str, older: Version, newer: Version, latest: Version) -> Story:
    migrate.migrate(url)
    client = _start_all(older)
    with Callers((client.address.url,)) as callers:
        _until_more(callers, 10)
        expanded = newer.run("db", "migrate")
        ahead = revisions.standing(url)
        # As after a crash, or as an autoscaler does: the old version starts on the new tables.
        older.start("another worker", "worker", "--pool", "io")
        next_client = _start_all(newer)
        until(lambda: len(next_client.workers()) == 3, within_s=PATIENT_S)
        callers.turn_to(client.address.url, next_client.address.url)
        novelty = next_client.submit("novelty", {"seconds": 0.1})
        _until_more(callers, 40)
        mixed = {one.version for one in client.workers()}
        too_early = latest.run("db", "migrate")
        callers.turn_to(next_client.address.url)
        exits = older.stop()
        _until_more(callers, 10)
    _until_all_ended(url)
    contracted = latest.run("db", "migrate")
    refused = older.run("dispatcher")
    last = next_client.submit("carry", {"seconds": 0.1})
    _until_all_ended(url)
    return Story(
        url=url,
        callers=callers,
        expanded=expanded,
        ahead=ahead,
        mixed=mixed,
        too_early=too_early,
        exits=exits,
        novelty=next_client.get(novelty.id).state,
        contracted=contracted,
        refused=refused,
        last=next_client.get(last.id).state,
    )


def _start_all(version: Version) -> Client:
    """An API server, a worker and a dispatcher; a client of it once they are there."""
    port = free_port()
    version.start("api", "api", "--port", str(port))
    version.start("worker", "worker", "--pool", "io")
    version.start("dispatcher", "dispatcher")
    client = Client(f"http://127.0.0.1:{port}")

    def is_there() -> bool:
        dead = [name for name, process in version.running.items() if process.poll() is not None]
        assert not dead, f"{dead}: {version.log.read_text()[-3000:]}"
        if not HttpProbe("127.0.0.1", port, "/health")():
            return False
        return any(worker.version == version.name for worker in client.workers())

    until(is_there, within_s=PATIENT_S)
    return client


def _until_more(callers: Callers, jobs: int) -> None:
    wanted = len(callers.accepted) + jobs
    until(lambda: len(callers.accepted) >= wanted or callers.errors, within_s=PATIENT_S)


def _until_all_ended(url: str) -> None:
    """Whatever was accepted."""
    with psycopg.connect(url, autocommit=True) as connection:
        open_ones = "SELECT FROM jobs WHERE finished_at IS NULL LIMIT 1"
        until(lambda: connection.execute(open_ones).fetchone() is None, within_s=PATIENT_S)


def test_tables_are_migrated_under_the_older_version(story: Story) -> None:
    assert story.expanded.returncode == 0, story.expanded.stderr
    assert f"{EXPANDED}  A release's." in story.expanded.stderr
    assert (story.ahead.current, story.ahead.oldest_code) == (EXPANDED, NOW)
    assert story.ahead.fits


def test_both_versions_work_side_by_side(story: Story) -> None:
    assert len(story.mixed) == 2
    assert NEXT in story.mixed
    carried = dict(story.ask("SELECT carried_by, count(*) FROM jobs GROUP BY 1"))
    assert carried[None] > 0
    assert carried[NEXT] > 0


def test_no_request_met_an_error(story: Story) -> None:
    assert not story.callers.errors
    assert len(story.callers.accepted) >= 60


def test_every_accepted_job_ended_once(story: Story) -> None:
    ended = story.ask(
        "SELECT CAST(job_id AS text), count(*) FROM events WHERE kind = 'state'"
        " AND data ->> 'state' IN ('succeeded', 'failed', 'cancelled') GROUP BY 1"
    )
    assert {count for _, count in ended} == {1}
    assert set(story.callers.accepted) <= {job for job, _ in ended}
    assert story.ask("SELECT DISTINCT state, attempt FROM jobs") == [("succeeded", 1)]


def test_the_older_version_goes_when_told_to(story: Story) -> None:
    assert set(story.exits.values()) == {0}, story.exits


def test_a_type_that_only_the_newer_version_has_waits_for_it(story: Story) -> None:
    assert story.novelty == "succeeded"


def test_nothing_is_taken_away_while_older_workers_run(story: Story) -> None:
    assert story.too_early.returncode == 1
    assert "workers of such code run" in " ".join(story.too_early.stderr.split())


def test_the_newer_version_works_on_what_a_later_one_took_away(story: Story) -> None:
    assert story.contracted.returncode == 0, story.contracted.stderr
    assert revisions.standing(story.url).current == CONTRACTED
    assert story.last == "succeeded"


def test_the_older_version_does_not_start_then_and_says_why(story: Story) -> None:
    assert story.refused.returncode == 1
    said = " ".join(story.refused.stderr.split())
    assert f"brought the tables to revision {CONTRACTED}" in said
    assert "pip install --upgrade haulage" in said
