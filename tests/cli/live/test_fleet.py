"""`haulage queues`, `schedules` and `workers`."""

import re

from tests.api.conftest import Worker
from tests.api.live import Live
from tests.cli.live.conftest import Haulage, read_lines


async def test_queues_are_listed_with_what_waits(live: Live, haulage: Haulage):
    await live.submit()
    done = await haulage("queues", "list")
    assert re.search(r"^io +io +1 ", done.stdout, re.M)
    assert "No live worker serves io. Start one: haulage worker --pool io" in done.stderr
    named = {one["name"] for one in read_lines(await haulage("queues", "list", "-o", "json"))}
    assert {"cpu", "io", "slow"} <= named


async def test_a_queue_is_paused_with_a_reason_and_resumed(haulage: Haulage):
    paused = await haulage("queues", "pause", "io", "--reason", "a [bold] reason")
    assert "a [bold] reason" in paused.stdout
    assert "haulage queues resume io" in paused.stderr
    assert "a [bold] reason" in (await haulage("queues", "list")).stdout
    (resumed,) = read_lines(await haulage("queues", "resume", "io", "-o", "json"))
    assert resumed["paused"] is None


async def test_a_queue_that_is_none_has_the_nearest_name(haulage: Haulage):
    done = await haulage("queues", "show", "slwo", exits=1)
    assert "Did you mean 'slow'?" in done.stderr
    assert "haulage queues list" in done.stderr


async def test_a_schedule_lives_by_its_name(haulage: Haulage):
    made = await haulage(
        "schedules", "create", "news", "speak", "--cron", "30 6 * * 1-5", "--tz", "Europe/Rome",
        "-f", "text=12", "--tag", "daily",
    )  # fmt: skip
    assert len(re.findall(r"06:30 CES?T", made.stdout)) == 5
    (shown,) = read_lines(await haulage("schedules", "show", "news", "-o", "json"))
    assert (shown["input"], shown["tags"]) == ({"text": "12", "times": 1}, ["daily"])
    await haulage("schedules", "pause", "news")
    assert re.search(r"news .* paused ", (await haulage("schedules", "list")).stdout)
    await haulage("schedules", "resume", shown["id"])
    (job,) = read_lines(await haulage("schedules", "run", "news", "-o", "json"))
    assert job["tags"] == ["daily", "schedule:news"]
    await haulage("schedules", "delete", "news", "--yes")
    assert "No schedules" in (await haulage("schedules", "list")).stderr


async def test_deleting_asks_and_without_a_terminal_deletes_nothing(haulage: Haulage):
    await haulage("schedules", "create", "news", "speak", "--cron", "0 6 * * *", "-f", "text=a")
    done = await haulage("schedules", "delete", "news", exits=2)
    assert "--yes" in done.stderr
    assert "news" in (await haulage("schedules", "list")).stdout


async def test_a_schedule_that_cannot_work_is_refused_with_the_field(haulage: Haulage):
    done = await haulage(
        "schedules", "create", "news", "speak", "--cron", "61 * * * *", "-f", "text=a", exits=1
    )
    assert "cron" in done.stderr


async def test_draining_asks_and_then_tells_the_worker(haulage: Haulage, worker: Worker):
    assert "--yes" in (await haulage("workers", "drain", "io-1", exits=2)).stderr
    assert (await haulage("workers", "drain", "io-1", "--yes")).stdout.startswith("draining")
    assert re.search(r"^io-1 +draining .* by ", (await haulage("workers", "list")).stdout, re.M)
    (shown,) = read_lines(await haulage("workers", "show", "io-1", "-o", "json"))
    assert shown["state"] == "draining"


async def test_workers_show_what_they_run(live: Live, haulage: Haulage, worker: Worker):
    job_id = await live.submit()
    await worker.claim(job_id)
    assert re.search(r"^io-1 +io +io slow", (await haulage("workers", "list")).stdout, re.M)
    for said in ("io-1", "io", str(worker.id)):
        assert job_id in (await haulage("workers", "show", said)).stdout
    assert "no live worker 'cpu'" in (await haulage("workers", "show", "cpu", exits=1)).stderr
