"""The how-tos' examples do what their pages say, on a running system."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from live_system import System, until

from haulage.client import Submission
from tests.examples.conftest import EXAMPLES, run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("examples")]

PAGES = sorted((EXAMPLES.parent / "docs" / "how-to").glob("*.md"))
TITLED = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
HOW_TO = EXAMPLES / "how_to"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_quotes_stands_in_the_example(page: Path) -> None:
    for name, text in TITLED.findall(page.read_text()):
        assert text in (EXAMPLES / name).read_text(), f"{page.name}: {name}"


def test_every_example_is_quoted_by_a_page() -> None:
    quoted = {name for page in PAGES for name, _ in TITLED.findall(page.read_text())}
    assert {f"how_to/{path.name}" for path in HOW_TO.glob("*.py")} <= quoted


def test_what_passes_is_tried_again_and_what_does_not_is_not(system: System) -> None:
    submit = system.client.submit
    passing = submit("ask_service", {"answers": [503, 429, 200]})
    refused = submit("ask_service", {"answers": [404, 200]})
    at_most_two = submit("ask_service", {"answers": [503, 503, 200]}, max_attempts=2)
    assert system.until_ended(passing.id).result == "answered in attempt 3"
    for job, code, attempt in ((refused, "service_refuses", 1), (at_most_two, "service_down", 2)):
        ended = system.until_ended(job.id)
        assert ended.error is not None
        assert (ended.error.code, ended.attempt) == (code, attempt)


def test_a_snooze_costs_no_attempt(system: System) -> None:
    ready_at = datetime.now(UTC) + timedelta(seconds=1)
    job = system.client.submit(
        "ask_service", {"answers": [200], "ready_at": ready_at.isoformat()}, max_attempts=1
    )
    assert system.until_ended(job.id).result == "answered in attempt 1"


def test_a_book_is_counted_by_its_chapters_jobs(system: System) -> None:
    book = {"chapters": ["one two", " ", "three"]}
    job = system.client.submit("count_book", book)
    counted = system.until_ended(job.id).result
    assert counted == {"words": 3, "failed": ["The chapter is empty."]}
    assert [one.type for one in system.client.children(job.id)] == ["count_chapter"] * 3


def test_an_archive_is_indexed_page_by_page(system: System) -> None:
    job = system.until_ended(system.client.submit("index_archive", {"pages": 7}).id)
    assert job.succeeded
    assert (job.progress.done, job.progress.total) == (7, 7)


def test_a_file_is_packed_into_another(system: System) -> None:
    text = system.client.upload(b"text " * 10_000, name="novel.txt")
    packed = system.until_ended(system.client.submit("pack_file", {"file": str(text.id)}).id).result
    made = system.client.file(packed["file"])
    assert (made.name, made.media_type) == ("novel.txt.gz", "application/gzip")
    assert made.size == 50_000 - packed["saved"] < 1_000


@pytest.mark.parametrize("name", ["borrow", "borrow_a_core"])
def test_what_is_cancelled_puts_its_lock_away(system: System, tmp_path: Path, name: str) -> None:
    tmp_path.parent.chmod(0o711)
    tmp_path.chmod(0o777)
    lock = tmp_path / "lock"
    job = system.client.submit(name, {"lock": str(lock)})
    until(lock.exists)
    system.client.cancel(job.id)
    assert system.client.wait(job.id, timeout_s=20).state == "cancelled"
    until(lambda: not lock.exists())


def test_letters_are_sorted_without_a_model_where_there_is_none(system: System) -> None:
    given = {"letters": ["Is it open?", "The cellar is flooded."]}
    job = system.until_ended(system.client.submit("sort_letters", given).id)
    assert job.result == [
        {"kind": "question", "urgent": False},
        {"kind": "other", "urgent": True},
    ]


def test_letters_are_sorted_by_a_model_that_is_named(system: System) -> None:
    given = {"letters": ["Is it open?"], "model": "fake:echo"}
    job = system.until_ended(system.client.submit("sort_letters", given).id)
    assert job.result == [{"kind": "complaint", "urgent": False}]
    assert job.raw["usage"]["calls"] == 1


def test_a_key_makes_two_submits_one_job(system: System) -> None:
    said = run(system, "idempotency.py", folder=HOW_TO)
    assert said == "one job\n422 idempotency_mismatch\n"


def test_a_schedule_is_made_run_and_paused(system: System) -> None:
    said = run(system, "schedules.py", folder=HOW_TO)
    assert said == "5 runs ahead\nsucceeded ('schedule:nightly-echo',)\npaused\n"


def test_dead_letters_are_redriven_in_bulk(system: System) -> None:
    for job in system.client.dead_letters(type="ask_service"):
        system.client.discard(job.id)
    jobs = system.client.submit_many(
        [Submission("ask_service", {"answers": [500, 200]}, max_attempts=1)] * 2
    )
    for job in jobs:
        assert system.until_ended(job.id).state == "failed"
    said = run(system, "dead_letters.py", folder=HOW_TO)
    assert said == (
        "2 service_down The service is down.\n"
        "2 would be redriven, such as ask_service\n"
        "succeeded 2 changed 0 skipped\n"
    )
