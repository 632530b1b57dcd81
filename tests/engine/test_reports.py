"""Progress, log lines, files, and what a handler knows of its job."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from haulage.domain.errors import NotRetryable
from haulage.domain.ids import uuid7
from haulage.domain.lifecycle import State
from haulage.engine import reports
from haulage.engine.services import Services
from tests.engine.conftest import Bench
from tests.factories import history, row, state


class Page(BaseModel):
    number: int
    text: str = ""


async def progress_of(services: Services, job_id: UUID) -> dict[str, Any]:
    return (await row(services, job_id))["progress"]


async def error_of(services: Services, job_id: UUID) -> dict[str, Any]:
    return (await row(services, job_id))["error"]


async def test_progress_is_merged_and_the_last_word_is_written_before_the_end(
    bench: Bench, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PROGRESS_EVERY_S", 60.0)

    async def handler(input, ctx):
        for done in range(1000):
            await ctx.progress(done / 10, step="reading", done=done, total=1000)
        await ctx.progress(failed=3)

    job_id = await bench.run(handler)
    told = [one for one in await history(services, job_id) if one["kind"] == "progress"]
    assert [one["done"] for one in told] == [0, 999]
    assert told[-1]["failed"] == 3
    assert (await history(services, job_id))[-1]["state"] == "succeeded"
    assert await progress_of(services, job_id) == {
        "percent": 100.0,
        "step": "reading",
        "done": 999,
        "failed": 3,
        "total": 1000,
    }


@pytest.mark.parametrize(
    ("said", "shown"),
    [(-5.0, 0.0), (250.0, 100.0), (float("inf"), 100.0), (float("nan"), None), (None, None)],
)
async def test_a_percentage_stays_one(
    bench: Bench, services: Services, said: float | None, shown: float | None
) -> None:
    async def handler(input, ctx):
        await ctx.progress(said, step="x")
        raise NotRetryable("enough")

    assert (await progress_of(services, await bench.run(handler)))["percent"] == shown


@pytest.mark.parametrize(("said", "shown"), [(80.0, 100.0), (None, None)])
async def test_what_has_succeeded_has_come_all_the_way(
    bench: Bench, services: Services, said: float | None, shown: float | None
) -> None:
    async def handler(input, ctx):
        await ctx.progress(said, step="reading")

    progress = await progress_of(services, await bench.run(handler))
    assert (progress["percent"], progress["step"]) == (shown, "reading")


async def test_log_lines_are_kept_in_order_with_whatever_is_in_them(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        await ctx.log("one", page=1)
        await ctx.log("two\x00\ud800", odd=float("nan"), thing=Page)
        await ctx.log("x" * 20_000)

    job_id = await bench.run(handler)
    lines = [one for one in await history(services, job_id) if one["kind"] == "log"]
    assert lines[0] == {"kind": "log", "message": "one", "fields": {"page": 1}}
    assert lines[1]["message"] == "two\x00\ud800"
    assert lines[1]["fields"]["odd"] == "nan"
    assert len(lines[2]["message"]) == reports.MAX_LOG_CHARS
    assert await state(services, job_id) is State.SUCCEEDED


async def file_of(services: Services, tenant: str) -> UUID:
    ref = await services.blobs.put(b"%PDF")
    row = await services.files.add(
        id=uuid7(),
        tenant=tenant,
        sha256=ref.rpartition("/")[2],
        size=4,
        media_type="application/pdf",
        name="a.pdf",
    )
    return row.id


async def test_a_handler_gets_its_tenants_file_whole(bench: Bench, services: Services) -> None:
    file_id = await file_of(services, "acme")

    async def handler(input, ctx):
        file = await ctx.file(str(file_id))
        return [file.name, file.size, file.content.decode()]

    job_id = await bench.run(handler, tenant="acme")
    assert (await row(services, job_id))["result"] == ["a.pdf", 4, "%PDF"]


@pytest.mark.parametrize("wanted", ["another tenant's", str(UUID(int=0)), "nonsense"])
async def test_a_file_that_is_not_its_tenants_is_not_found(
    bench: Bench, services: Services, wanted: str
) -> None:
    foreign = await file_of(services, "acme")

    async def handler(input, ctx):
        await ctx.file(foreign if wanted.startswith("another") else wanted)

    error = await error_of(services, await bench.run(handler))
    assert (error["code"], error["retryable"]) == ("file_not_found", False)


async def test_a_handler_knows_its_job(
    bench: Bench, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAULAGE_HANDLER_PAGES_AT_ONCE", "7")

    async def handler(input, ctx):
        return [
            str(ctx.job_id),
            ctx.attempt,
            ctx.max_attempts,
            ctx.tenant,
            ctx.setting("pages_at_once", 3),
            ctx.setting("unset", 3),
        ]

    job_id = await bench.run(handler, tenant="acme")
    assert (await row(services, job_id))["result"] == [str(job_id), 1, 3, "acme", 7, 3]


async def test_what_a_handler_did_not_await_is_told_in_its_jobs_log(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        for _ in range(200):
            ctx.log("page.read")
            await ctx.step("page", int)
        later = ctx.step("last", int)
        await ctx.log("done")
        await later

    lines = [
        one["message"]
        for one in await history(services, await bench.run(handler))
        if one["kind"] == "log"
    ]
    assert lines[0] == "done"
    (told,) = lines[1:]
    assert told.startswith("ctx.log(…) in test_reports.py:")
    assert "without await, 200 times, and did nothing: write `await ctx.log(…)`." in told
