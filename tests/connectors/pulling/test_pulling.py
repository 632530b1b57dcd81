"""Tasks become jobs once, with what belongs to them (rows B1, B2)."""

import asyncio
from typing import Any

import pytest

from bench.task_api import TaskApi
from haulage.domain.job_type import Policy
from haulage.domain.outcome import Succeeded
from haulage.storage.retention_store import RetentionStore
from tests.factories import FAILED

PEOPLE = Succeeded('{"people": [{"name": "Vito Leccese"}]}')


async def test_a_task_becomes_a_job_and_its_bare_vector_is_reported(desk: Any, api: TaskApi):
    api.add("a1", content={"text": "A text.", "model": "openai:text-embedding-3-small"})
    await desk.pull()
    [job] = desk.jobs()
    assert job["type"] == "text_embedding"
    assert job["input"]["text"] == "A text."
    assert job["input"]["model"] == "openai:text-embedding-3-small"
    await desk.work()
    await desk.report()
    assert api.told == {"a1": [{"state": "succeeded", "result": [0.25, 0.5]}]}
    assert not api.violations


async def test_people_are_reported_as_a_list(desk: Any, api: TaskApi):
    api.add("p1", "identifying_data", content="Vito Leccese, sindaco.")
    await desk.pull()
    await desk.work(PEOPLE)
    await desk.report()
    assert api.told["p1"] == [{"state": "succeeded", "result": [{"name": "Vito Leccese"}]}]


async def test_a_failed_job_is_reported_with_its_reason(desk: Any, api: TaskApi):
    api.add("a1")
    await desk.pull()
    await desk.work(FAILED)
    await desk.report()
    assert api.told["a1"] == [{"state": "failed", "result": None, "error": "It went wrong."}]
    assert not api.violations


async def test_a_task_that_is_listed_again_is_the_same_job(desk: Any, api: TaskApi):
    api.add("a1")
    await desk.pull()
    await desk.pull()
    assert len(desk.jobs()) == 1


async def test_a_task_that_was_told_and_is_still_listed_is_neither_run_nor_told_again(
    desk: Any, api: TaskApi
):
    api.add("a1")
    api.keeps_listing = True
    await desk.pull()
    await desk.work()
    await desk.report()
    await desk.pull()
    await desk.report()
    assert len(desk.jobs()) == 1
    assert len(api.told["a1"]) == 1


async def test_a_task_that_is_set_back_to_pending_runs_again(desk: Any, api: TaskApi):
    task = api.add("a1", updatedAt="2026-01-01T00:00:00Z")
    await desk.pull()
    await desk.work()
    await desk.report()
    task.update(state="pending", updatedAt="2026-01-02T00:00:00Z")
    await desk.pull()
    assert await desk.work() == 1
    await desk.report()
    assert len(api.told["a1"]) == 2


async def test_a_new_version_waits_for_the_run_of_the_old_one(desk: Any, api: TaskApi):
    task = api.add("a1", updatedAt="1")
    await desk.pull()
    task["updatedAt"] = "2"
    await desk.pull()
    assert len(desk.jobs()) == 1
    await desk.work()
    await desk.pull()
    assert len(desk.jobs()) == 2
    assert [row["outcome"] for row in desk.rows()] == ["superseded", None]


async def test_no_more_jobs_are_unfinished_than_the_limit_says(desks: Any, api: TaskApi):
    first = await desks.open(api, CONCURRENCY_LIMIT="3")
    second = await desks.open(api, CONCURRENCY_LIMIT="3")
    for number in range(8):
        api.add(f"a{number}")
    await asyncio.gather(first.pull(), second.pull())
    assert len(first.jobs()) == 3
    await first.work()
    await asyncio.gather(first.pull(), second.pull())
    assert len(first.jobs()) == 6


async def test_what_is_finished_and_untold_hides_no_other_task(desks: Any, api: TaskApi):
    desk = await desks.open(api, CONCURRENCY_LIMIT="1")
    for number in range(4):
        api.add(f"a{number}")
    for _ in range(4):
        await desk.pull()
        await desk.work()
    # Two are listed where one runs at a time; what is not yet told widens the list.
    await desk.pull()
    await desk.work()
    assert len(desk.jobs()) == 4


async def test_what_the_quota_does_not_let_through_stays_pending(desks: Any, api: TaskApi):
    desk = await desks.open(api, RATE_LIMIT_ENABLED="true", RATE_LIMIT_PER_MINUTE="2")
    for number in range(4):
        api.add(f"a{number}")
    await desk.pull()
    await desk.work()
    await desk.pull()
    assert len(desk.jobs()) == 2
    await desk.report()
    assert api.states() == {"succeeded": 2, "pending": 2}


async def test_what_cannot_be_paid_stays_pending(desk: Any, api: TaskApi, monkeypatch: Any):
    till = desk.services.till
    monkeypatch.setattr(till, "_policy", lambda _job: Policy(price_credits=3))
    await till.grant("default", 7, by="ann")
    for number in range(4):
        api.add(f"a{number}")
    await desk.pull()
    await desk.work()
    await till.grant("default", 3, by="ann")
    await desk.pull()
    await desk.work()
    await desk.report()
    assert api.states() == {"succeeded": 3, "pending": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "nonsense"},
        {"type": 7},
        {"content": ""},
        {"content": {"model": "openai:x"}},
        {"content": ["a", "list"]},
        {"content": {"text": 5}},
        {"content": None},
    ],
    ids=str,
)
async def test_a_task_with_wrong_fields_is_reported_failed_and_the_others_run(
    desk: Any, api: TaskApi, wrong: dict[str, Any]
):
    api.add("bad", **wrong)
    api.add("good")
    await desk.pull()
    await desk.work()
    await desk.report()
    [said] = api.told["bad"]
    assert said["state"] == "failed"
    assert said["error"]
    assert api.told["good"][0]["state"] == "succeeded"
    assert not api.violations


async def test_things_that_are_no_tasks_do_not_stop_the_poll(desk: Any, api: TaskApi):
    for number, odd in enumerate([None, "text", 5, [], {}, {"_id": ""}, {"_id": ".."}]):
        api.tasks[f"odd{number}"] = odd
    api.add("good")
    await desk.pull()
    assert len(desk.jobs()) == 1
    assert await desk.work() == 1


@pytest.mark.parametrize("listed", ["", "null", '{"tasks": []}', "[" * 100_000])
async def test_an_answer_that_is_no_list_leaves_everything_as_it_is(
    desk: Any, api: TaskApi, listed: str
):
    api.listed = listed
    await desk.pull()
    assert desk.rows() == []


async def test_the_callback_travels_as_tags(desk: Any, api: TaskApi):
    api.add("a1")
    await desk.pull()
    [job] = desk.jobs()
    assert set(job["tags"]) == {
        "source:ai-tasks",
        "task:a1",
        "callbackRoute:verification_update_embedding",
        "targetId:target-a1",
        "field:title",
    }
    # The worker's log lines carry it.
    assert job["request_id"] == "a1"


async def test_the_job_is_there_with_its_row_or_not_at_all(
    desk: Any, api: TaskApi, monkeypatch: pytest.MonkeyPatch
):
    api.add("a1")

    class Crash(Exception): ...

    def dies(*_: object) -> dict[str, Any]:
        raise Crash

    with monkeypatch.context() as patched:
        # After the job's insert, before the row's.
        patched.setattr("haulage.storage.pull_store._row", dies)
        with pytest.raises(Crash):
            await desk.pull()
    assert (desk.jobs(), desk.rows()) == ([], [])
    await desk.pull()
    assert len(desk.jobs()) == len(desk.rows()) == 1


async def test_closed_rows_are_forgotten_after_their_time(desk: Any, api: TaskApi, clock: Any):
    api.add("a1")
    api.add("a2")
    await desk.pull()
    await desk.work()
    await desk.report()
    store = RetentionStore(desk.services.database, clock)
    assert await store.forget_pulled_tasks(closed_before=clock.now(), limit=10) == 0
    clock.advance(days=31)
    assert await store.forget_pulled_tasks(closed_before=clock.now(), limit=1) == 1
    assert len(desk.rows()) == 1
