"""What the Tab key offers: asked as bash asks."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest

from haulage.cli import completion
from tests.api.conftest import Worker
from tests.api.live import Live

Complete = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def complete() -> Complete:
    async def complete(words: str, **environ: str) -> list[str]:
        asked = {
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
            "_HAULAGE_COMPLETE": "complete_bash",
        }
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", "from haulage.cli.main import main; main()"],
            capture_output=True,
            text=True,
            env={**os.environ, **asked, **environ},
        )
        assert done.stderr == ""
        return done.stdout.split()

    return complete


async def test_commands_and_states_are_offered_without_an_api(complete: Complete):
    assert await complete("haulage sched", HAULAGE_URL="nonsense") == ["schedules"]
    assert await complete("haulage jobs list --state s", HAULAGE_URL="nonsense") == [
        "scheduled",
        "succeeded",
    ]


async def test_an_api_that_is_away_offers_nothing_and_says_nothing(complete: Complete):
    assert await complete("haulage queues pause ", HAULAGE_URL="http://127.0.0.1:9") == []


async def test_names_come_from_the_api(live: Live, complete: Complete):
    assert await complete("haulage queues pause s") == ["slow"]
    assert await complete("haulage submit sp") == ["speak"]


async def test_only_jobs_are_offered_that_the_command_can_do_something_to(
    live: Live, worker: Worker
):
    dead, alive = await live.submit(), await live.submit()
    await worker.fail(dead)
    for offers, offered in (
        (completion.live_job_ids, {(alive, "speak queued")}),
        (completion.redrivable_job_ids, {(dead, "speak failed")}),
        (completion.job_ids, {(alive, "speak queued"), (dead, "speak failed")}),
    ):
        assert set(await asyncio.to_thread(offers, "")) == offered
