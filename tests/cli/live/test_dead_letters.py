"""`haulage dead-letters` and `haulage jobs retry`."""

import re

from tests.api.conftest import Worker
from tests.api.live import Live
from tests.cli.live.conftest import Haulage, read_lines


async def test_dead_letters_are_listed_with_their_errors(
    live: Live, haulage: Haulage, worker: Worker
):
    assert (await haulage("dead-letters", "list")).stderr == "No dead letters.\n"
    dead, alive = await live.submit(), await live.submit()
    await worker.fail(dead)
    listed = (await haulage("dead-letters", "list")).stdout
    assert re.search(rf"^{dead} .*page_refused: The page said no\.", listed, re.M)
    assert alive not in listed


async def test_groups_count_what_failed_for_one_cause(live: Live, haulage: Haulage, worker: Worker):
    ids = [await live.submit() for _ in range(2)]
    for job_id in ids:
        await worker.fail(job_id)
    (group,) = read_lines(await haulage("dead-letters", "groups", "-o", "json"))
    assert (group["count"], group["code"]) == (2, "page_refused")
    shown = await haulage("dead-letters", "groups")
    assert re.search(rf"^{group['fingerprint']} +speak +2 ", shown.stdout, re.M)
    assert "haulage bulk start redrive --fingerprint" in shown.stderr
    of_it = await haulage(
        "dead-letters", "list", "--fingerprint", group["fingerprint"], "-o", "json"
    )
    assert {job["id"] for job in read_lines(of_it)} == set(ids)


async def test_a_dead_letter_is_shown_with_what_was_tried(
    live: Live, haulage: Haulage, worker: Worker
):
    dead = await live.submit()
    await worker.fail(dead)
    shown = (await haulage("dead-letters", "show", dead)).stdout
    assert '"text": "hello"' in shown
    assert re.search(r"1 +1 +failed ", shown)


async def test_a_dead_letter_is_redriven(live: Live, haulage: Haulage, worker: Worker):
    dead = await live.submit()
    await worker.fail(dead)
    assert (await haulage("dead-letters", "redrive", dead)).stdout == f"queued  {dead}\n"
    again = await haulage("dead-letters", "redrive", dead, exits=1)
    assert "queued" in again.stderr


async def test_a_dead_letter_is_discarded_once_and_for_all(
    live: Live, haulage: Haulage, worker: Worker
):
    dead = await live.submit()
    await worker.fail(dead)
    for _ in range(2):
        assert "discarded" in (await haulage("dead-letters", "discard", dead)).stdout
    assert "No dead letters" in (await haulage("dead-letters", "list")).stderr


async def test_a_cancelled_job_is_retried_and_a_finished_one_is_not(
    live: Live, haulage: Haulage, worker: Worker
):
    cancelled, done = await live.submit(), await live.submit()
    await worker.succeed(done)
    await haulage("jobs", "cancel", cancelled)
    said = await haulage("jobs", "retry", done, cancelled, exits=1)
    assert said.stdout == f"queued  {cancelled}\n"
    assert "has succeeded" in said.stderr
