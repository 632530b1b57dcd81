"""What is told survives: downtime over there, a death here, redirects, a task that is gone."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bench.task_api import TaskApi, task_api
from haulage.storage.pull_store import PullStore

SOURCE = """
[sources.any]
list_url = "{url}/api/ai-tasks/pending"
id = "{{_id}}"
tags = {{{tags}}}
[sources.any.types.text_embedding]
job_type = "text_embedding"
input = {{text = "{{content}}"}}
[sources.any.report]
url = "{url}/api/ai-tasks/{{id}}"
body = {{state = "{{state}}", result = "{{result}}"}}
"""


async def test_a_report_outlives_the_downtime_of_the_other_side(
    desk: Any, api: TaskApi, clock: Any
):
    api.add("a1")
    await desk.pull()
    await desk.work()
    api.down = True
    for delay_s in (0, 3, 6, 12):
        clock.advance(seconds=delay_s)
        await desk.report()
    [row] = desk.rows()
    assert (row["tries"], row["last_error"], row["closed_at"]) == (4, "http_503", None)
    api.down = False
    clock.advance(days=3)
    await desk.report()
    assert len(api.told["a1"]) == 1


async def test_the_log_says_which_task_was_told_and_what_made_its_result(desk: Any, api: TaskApi):
    api.add("a1")
    await desk.pull()
    await desk.work()
    with capture_logs() as lines:
        await desk.report()
    [told] = [line for line in lines if line["event"] == "source.task_reported"]
    assert (told["task_id"], told["task_type"]) == ("a1", "text_embedding")
    assert (told["processor"], bool(told["model"])) == ("local", True)


async def test_a_failed_report_waits_2_s_while_others_get_through_and_longer_when_none_does(
    desk: Any, api: TaskApi, clock: Any
):
    api.add("a1")
    await desk.pull()
    await desk.work()
    waits = []
    for streak in (0, 1, 2, 0):
        desk.reporter._streak = streak
        api.down = True
        clock.advance(minutes=5)
        await desk.report()
        waits.append((desk.rows()[0]["report_at"] - clock.now()).total_seconds())
    assert [round(wait / 2.0) for wait in waits[:1] + waits[3:]] == [1, 1]
    assert 3.2 <= waits[1] <= 4.8
    assert 6.4 <= waits[2] <= 9.6


async def test_five_failures_in_a_row_open_the_breaker_and_nothing_is_sent(
    desk: Any, api: TaskApi, clock: Any
):
    api.add("a1")
    await desk.pull()
    await desk.work()
    api.down = True
    for _ in range(7):
        clock.advance(hours=1)
        await desk.report()
    assert api.calls["report"] == 5
    assert desk.rows()[0]["tries"] == 5


async def test_a_poller_that_dies_before_its_note_tells_the_same_again(
    desk: Any, api: TaskApi, monkeypatch: pytest.MonkeyPatch
):
    api.add("a1")
    await desk.pull()
    await desk.work()

    async def dies(*_: object, **__: object) -> bool:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(PullStore, "close", dies)
        await desk.reporter.round()
        await desk.reporter.drain()
    assert desk.rows()[0]["closed_at"] is None
    await desk.report()
    assert api.told["a1"][0] == api.told["a1"][1]
    assert len(set(api.keys["a1"])) == 1
    assert not api.violations


async def test_a_report_that_redirects_to_another_host_is_refused(desk: Any, api: TaskApi):
    with task_api() as elsewhere:
        elsewhere.add("a1")
        api.add("a1")
        await desk.pull()
        await desk.work()
        api.redirect_to = elsewhere.url
        await desk.report()
        assert elsewhere.calls["report"] == 0
    [row] = desk.rows()
    assert (row["last_error"], row["closed_at"]) == ("redirected_elsewhere", None)


async def test_a_task_that_is_gone_over_there_is_not_told_for_ever(desk: Any, api: TaskApi):
    api.add("a1")
    await desk.pull()
    await desk.work()
    del api.tasks["a1"]
    await desk.report()
    assert desk.rows()[0]["outcome"] == "refused"


async def test_tags_may_have_any_name(desks: Any, api: TaskApi, tmp_path: Path):
    config = tmp_path / "haulage.toml"
    names = ("state", "event", "code", "tries", "job_id", "source", "level")
    tags = ", ".join(f'{name} = "{{callbackRoute}}"' for name in names)
    config.write_text(SOURCE.format(url=api.url, tags=tags))
    desk = await desks.open(api, API_BASE_URL="", HAULAGE_CONFIG=str(config))
    api.introspect = anybody
    api.strict = False
    api.add("a1")
    await desk.pull()
    await desk.work()
    api.down = True
    await desk.report()
    api.down = False
    desk.services.clock.advance(minutes=1)
    await desk.report()
    assert desk.rows()[0]["outcome"] == "reported"


async def anybody(_: str) -> bool:
    return True
