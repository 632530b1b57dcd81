"""`haulage jobs` against what really happened to jobs."""

import re
from uuid import UUID

from haulage.engine.services import Services
from haulage.storage.step_store import FinishedStep
from tests.api.conftest import Worker
from tests.api.live import Live
from tests.cli.live.conftest import Haulage, read_lines
from tests.factories import queued


async def test_jobs_are_found_by_filters(live: Live, haulage: Haulage, worker: Worker):
    failed, done, waiting = [await live.submit() for _ in range(3)]
    await worker.fail(failed)
    await worker.succeed(done)
    both = await haulage(
        "jobs", "list", "--state", "failed", "--state", "queued", "--created-after", "1h",
        "-o", "json",
    )  # fmt: skip
    assert [job["id"] for job in read_lines(both)] == [waiting, failed]
    refused = await haulage("jobs", "list", "--text", "SAID NO", "-o", "json")
    assert [job["id"] for job in read_lines(refused)] == [failed]
    over = await haulage(
        "jobs", "list", "--finished-after", "1970-01-01", "--started-before", "2100-01-01",
        "-o", "json",
    )  # fmt: skip
    assert {job["id"] for job in read_lines(over)} == {done, failed}
    none = await haulage("jobs", "list", "--created-before", "2020-01-01")
    assert (none.stdout, none.stderr) == ("", "No jobs like that.\n")


async def test_why_a_job_waits_is_said(live: Live, haulage: Haulage):
    job_id = await live.submit()
    await haulage("queues", "pause", "io", "--reason", "repairs")
    done = await haulage("jobs", "why", job_id)
    assert re.search(r"queue_paused .* repairs", done.stdout)
    assert re.search(r"no_worker .* haulage worker", done.stdout)


async def test_attempts_are_listed_with_their_errors(live: Live, haulage: Haulage, worker: Worker):
    job_id = await live.submit()
    assert f"haulage jobs why {job_id}" in (await haulage("jobs", "attempts", job_id)).stderr
    await worker.fail(job_id)
    done = await haulage("jobs", "attempts", job_id)
    assert re.search(r"1 +1 +failed .*page_refused: The page said no\.", done.stdout)


async def test_the_result_alone_can_be_piped(live: Live, haulage: Haulage, worker: Worker):
    job_id = await live.submit()
    await worker.succeed(job_id)
    assert read_lines(await haulage("jobs", "result", job_id, "-o", "json")) == [{"said": "hello"}]


async def test_ids_are_read_from_stdin(live: Live, haulage: Haulage):
    ids = [await live.submit() for _ in range(2)]
    done = await haulage("jobs", "cancel", "-", stdin="\n".join(ids) + "\n")
    assert done.stdout.count("cancelled") == 2


async def test_an_unknown_id_says_where_to_look(haulage: Haulage):
    for command in ("show", "why", "attempts", "cancel", "logs", "result"):
        done = await haulage("jobs", command, "0198c5f0", exits=1)
        assert "There is no job 0198c5f0" in done.stderr
        assert "haulage jobs list" in done.stderr


async def test_children_are_listed_below_their_parent(
    live: Live, haulage: Haulage, services: Services
):
    parent = await live.submit()
    assert (await haulage("jobs", "children", parent)).stderr == "It has no children.\n"
    for _ in range(3):
        await queued(services, parent_id=UUID(parent))
    done = await haulage("jobs", "children", parent, "-n", "2")
    assert len(re.findall(r"^[0-9a-f-]{36} +", done.stdout, re.M)) == 2
    assert "--all" in done.stderr
    both = read_lines(await haulage("jobs", "list", "--parent", parent, "--all", "-o", "json"))
    assert len(both) == 3


async def test_a_filter_that_does_not_fit_is_named_with_the_help(haulage: Haulage):
    done = await haulage("jobs", "list", "--parent", "me", exits=1)
    assert re.search(r"parent: .*uuid", done.stderr, re.I)
    assert "haulage jobs list --help" in done.stderr


async def test_finished_steps_are_listed_oldest_first(
    live: Live, haulage: Haulage, worker: Worker, services: Services
):
    job_id = await live.submit()
    assert (await haulage("jobs", "steps", job_id)).stderr == "No finished step.\n"
    lease = await worker.claim(job_id)
    for name in ("fetch", "read [1]"):
        step = FinishedStep(lease, f"{name}:1", name, '{"n":1}', 0.25)
        assert await services.steps.save([step]) == [True]
    shown = (await haulage("jobs", "steps", job_id)).stdout.splitlines()[1:]
    assert [line.split("  ")[0] for line in shown] == ["fetch", "read [1]"]
    assert all('{"n": 1}' in line for line in shown)
    assert "--all" in (await haulage("jobs", "steps", job_id, "-n", "1")).stderr
