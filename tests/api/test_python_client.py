"""The Python client on the real API: every method, and what it reads is what was sent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from haulage.client import ApiError, AsyncClient, Submission
from haulage.storage.step_store import FinishedStep
from tests.api.conftest import Api, Worker
from tests.api.live import Live, listening
from tests.conftest import TestClock


@pytest.fixture
async def live(api: Api) -> AsyncIterator[Live]:
    async with listening(api) as live:
        yield live


@pytest.fixture
async def client(live: Live) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(str(live.http.base_url)) as client:
        yield client


async def test_a_job_is_submitted_once_followed_and_read(
    client: AsyncClient, worker: Worker
) -> None:
    job = await client.submit("speak", {"text": "hello"}, tags=["a"], idempotency_key="k")
    assert (await client.submit("speak", {"text": "hello"}, tags=["a"], idempotency_key="k")) == job
    waiting = asyncio.create_task(client.wait(job.id, timeout_s=20))
    await worker.succeed(job.id)
    done = await waiting
    assert (done.state, done.result) == ("succeeded", {"said": "hello"})
    assert await client.result(job.id) == {"said": "hello"}
    states = [event.data["state"] async for event in client.stream(job.id)]
    assert states == ["queued", "running", "succeeded"]
    assert [one.outcome for one in await client.attempts(job.id)] == ["succeeded"]
    assert [line async for line in client.logs(job.id)] == []


async def test_another_submit_under_a_key_is_refused(client: AsyncClient) -> None:
    await client.submit("speak", {"text": "hello"}, idempotency_key="k")
    with pytest.raises(ApiError) as caught:
        await client.submit("speak", {"text": "bye"}, idempotency_key="k")
    assert (caught.value.status, caught.value.code) == (422, "idempotency_mismatch")


async def test_lists_go_over_pages_with_every_filter(client: AsyncClient, worker: Worker) -> None:
    jobs = await client.submit_many(
        [Submission("speak", {"text": str(n)}, tags=["page", str(n)]) for n in range(4)]
    )
    await worker.fail(jobs[0].id)
    assert [one.id async for one in client.list(tag=["page"], page_size=1)] == [
        job.id for job in reversed(jobs)
    ]
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    failed = client.list(
        state=["failed", "cancelled"],
        type="speak",
        queue="io",
        text="PAGE SAID",
        created_after=long_ago,
        started_after=long_ago,
        finished_after=long_ago,
    )
    assert [one.id async for one in failed] == [jobs[0].id]
    assert [one async for one in client.list(finished_before=long_ago)] == []
    assert [one async for one in client.children(jobs[0].id)] == []


async def test_dead_letters_are_grouped_redriven_and_discarded(
    client: AsyncClient, worker: Worker
) -> None:
    first, second = await client.submit_many([Submission("speak", {"text": "x"})] * 2)
    await worker.fail(first.id)
    await worker.fail(second.id)
    (group,) = [one async for one in client.dead_letter_groups()]
    assert (group.count, group.code, group.type) == (2, "page_refused", "speak")
    assert (await client.redrive(first.id)).state == "queued"
    await client.discard(second.id)
    assert [one async for one in client.dead_letters(fingerprint=group.fingerprint)] == []
    cancelled = await client.cancel(first.id)
    assert (await client.retry(cancelled.id)).state == "queued"


async def test_a_bulk_operation_means_what_its_preview_showed(
    client: AsyncClient, clock: TestClock
) -> None:
    jobs = await client.submit_many([Submission("speak", {"text": "x"}, tags=["bulk"])] * 3)
    clock.advance(seconds=1)
    preview = await client.preview_bulk("cancel", tag="bulk")
    assert (preview.count, {job.id for job in preview.sample}) == (3, {job.id for job in jobs})
    begun = await client.start_bulk(
        "cancel", tag="bulk", frozen_at=preview.frozen_at, reason="twice", idempotency_key="b"
    )
    assert (begun.action, begun.reason, begun.is_terminal) == ("cancel", "twice", False)
    assert [one.id async for one in client.bulks()] == [begun.id]
    await client.abort_bulk(begun.id)
    assert (await client.wait_bulk(begun.id, timeout_s=20)).state == "cancelled"


async def test_files_go_up_and_come_down(client: AsyncClient, tmp_path: Path) -> None:
    content = bytes(range(256)) * 600
    stored = await client.upload(content, name="a.bin")
    assert (await client.file(stored.id)) == stored
    fetched = await client.download(stored.id, tmp_path / "b.bin")
    assert fetched.read_bytes() == content


async def test_queues_schedules_workers_and_types_are_read(
    client: AsyncClient, worker: Worker
) -> None:
    job = await client.submit("speak", {"text": "x"})
    assert (await client.pause_queue("io", reason="upgrade")).paused
    assert (await client.why(job.id)).causes[0].code == "queue_paused"
    assert (await client.resume_queue("io")).paused is None
    assert {queue.name for queue in await client.queues()} >= {"io", "cpu", "slow"}
    assert (await client.queue("io")).waiting == 1
    assert [one.id for one in await client.workers()] == [worker.id]
    made = await client.create_schedule("nightly", "speak", {"text": "x"}, cron="0 3 * * *")
    assert len(made.next_runs) == 5
    assert (await client.pause_schedule(made.id)).paused_at
    assert (await client.resume_schedule(made.id)).next_run_at
    assert (await client.run_schedule(made.id)).type == "speak"
    assert [one.name for one in await client.schedules()] == ["nightly"]
    await client.delete_schedule(made.id)
    with pytest.raises(ApiError):
        await client.schedule(made.id)
    assert {declared.name for declared in await client.types()} == {"speak", "keep"}
    assert "status" in await client.health()
    assert "status" in await client.ready()


async def test_finished_steps_are_read(
    client: AsyncClient, worker: Worker, api: Api, clock: TestClock
) -> None:
    job = await client.submit("speak", {"text": "x"})
    lease = await worker.claim(job.id)
    step = FinishedStep(lease, "part:1:2", "part", '{"said":"x"}', duration_s=0.5)
    assert await api.services.steps.save([step]) == [True]
    (found,) = [one async for one in client.steps(job.id)]
    assert (found.name, found.value, found.duration_s) == ("part", {"said": "x"}, 0.5)
    assert found.finished_at == clock.now()


async def test_a_worker_is_told_to_stop(client: AsyncClient, worker: Worker) -> None:
    assert (await client.worker(worker.id)).state == "live"
    drained = await client.drain_worker(worker.id)
    assert (drained.state, drained.drain is not None) == ("draining", True)
