"""Streams over a real server: an in-process transport would gather them until their end."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from haulage.api import sse
from haulage.client.sse import Parser
from haulage.domain.outcome import Succeeded
from haulage.engine import bus
from haulage.engine.services import Services
from haulage.settings import Settings
from haulage.storage.settlement import Settlement
from tests.api.conftest import Worker, assert_problem, running_api, until
from tests.api.live import Live, listening

SUCCEEDED = Succeeded('{"said":"hello"}')


@pytest.fixture
async def rung(services: Services, settings: Settings) -> AsyncIterator[Services]:
    """The services with the real bell."""
    bell = bus.Bus(bus.connect(settings.require_redis_url()), prefix=settings.redis.prefix)
    yield replace(services, event_bell=bell, worker_bell=bell)
    await bell.close()


@pytest.fixture
async def live(rung: Services, settings: Settings) -> AsyncIterator[Live]:
    """Polls every half minute only: what comes sooner came by the bell."""
    async with running_api(settings, rung) as api, listening(api) as live:
        yield live


@pytest.fixture
def worker(rung: Services, worker: Worker) -> Worker:
    return Worker(rung, worker.id)


async def test_a_stream_tells_a_job_from_its_first_event_to_its_last(
    live: Live, worker: Worker
) -> None:
    job_id = await live.submit()
    async with live.follow(job_id) as reader:
        first = await reader.next()
        assert (first.id, first.event, first.data["state"]) == (1, "state", "queued")
        assert first.data["at"] == "2030-01-01T12:00:00Z"
        await live.waiting(1)
        lease = await worker.claim(job_id)
        assert (await reader.next()).data["state"] == "running"
        await worker.progress(lease, 50)
        report = await reader.next()
        assert (report.id, report.event, report.data["percent"]) == (3, "progress", 50)
        await worker.log(lease, "line\u2028one\r\n\ntwo", page=1)
        line = await reader.next()
        assert (line.event, line.data["message"]) == ("log", "line\u2028one\r\n\ntwo")
        await worker.settle(lease, SUCCEEDED)
        (last,) = await reader.rest()
        assert (last.id, last.data["state"]) == (5, "succeeded")
    assert live.api.hub.waiting == 0


async def test_a_stream_of_a_job_that_is_over_replays_and_ends(live: Live, worker: Worker) -> None:
    job_id = await live.submit()
    await worker.succeed(job_id)
    async with live.follow(job_id) as reader:
        events = await reader.rest()
    assert [event.data["state"] for event in events] == ["queued", "running", "succeeded"]


async def test_a_reader_comes_back_with_last_event_id(live: Live, worker: Worker) -> None:
    job_id = await live.submit()
    async with live.follow(job_id) as reader:
        last = await reader.next()
    await live.waiting(0)
    lease = await worker.claim(job_id)
    async with live.follow(job_id, **{"Last-Event-ID": str(last.id)}) as reader:
        assert (await reader.next()).id == 2
        await worker.settle(lease, SUCCEEDED)
        assert [event.id for event in await reader.rest()] == [3]


async def test_after_does_the_same_and_stream_is_another_name(live: Live, worker: Worker) -> None:
    job_id = await live.submit()
    await worker.succeed(job_id)
    answer = await live.http.get(f"/api/v1/jobs/{job_id}/stream", params={"after": 2})
    assert [event.id for event in Parser().feed(answer.content)] == [3]


@pytest.mark.parametrize("after", ["3", "999999"])
async def test_a_reader_who_had_everything_gets_an_empty_stream_that_ends(
    live: Live, worker: Worker, after: str
) -> None:
    job_id = await live.submit()
    await worker.succeed(job_id)
    async with live.follow(job_id, **{"Last-Event-ID": after}) as reader:
        assert await reader.rest() == []


async def test_a_number_from_the_future_still_hears_the_end(live: Live, worker: Worker) -> None:
    job_id = await live.submit()
    async with live.follow(job_id, **{"Last-Event-ID": "999999"}) as reader:
        await live.waiting(1)
        await worker.succeed(job_id)
        assert (await reader.rest())[-1].data["state"] == "succeeded"


@pytest.mark.parametrize("said", ["one", "-1", "1.5", "9" * 30])
async def test_a_last_event_id_that_is_no_number_is_400(live: Live, said: str) -> None:
    job_id = await live.submit()
    answer = await live.http.get(f"/api/v1/jobs/{job_id}/events", headers={"Last-Event-ID": said})
    assert_problem(answer, 400, "invalid_last_event_id")


async def test_after_out_of_range_is_400(live: Live) -> None:
    job_id = await live.submit()
    for said in ("-1", "x", str(2**63)):
        answer = await live.http.get(f"/api/v1/jobs/{job_id}/events", params={"after": said})
        assert_problem(answer, 400, "invalid_query")


async def test_thousands_of_events_are_replayed_once_each_in_order(
    live: Live, worker: Worker
) -> None:
    job_id = await live.submit()
    lease = await worker.claim(job_id)
    for _ in range(3):
        await worker.log(lease, *["line"] * 900)
    await worker.settle(lease, SUCCEEDED)
    async with live.follow(job_id) as reader:
        assert [event.id for event in await reader.rest()] == list(range(1, 2704))


async def test_nothing_is_lost_between_the_replay_and_the_news(live: Live, worker: Worker) -> None:
    job_id = await live.submit()
    lease = await worker.claim(job_id)

    async def chatter() -> None:
        for number in range(60):
            await worker.log(lease, f"line {number}")
        await worker.settle(lease, SUCCEEDED)

    async def read() -> list[int]:
        async with live.follow(job_id) as reader:
            return [event.id for event in await reader.rest()]

    talking = asyncio.create_task(chatter())
    for ids in await asyncio.gather(*(read() for _ in range(8))):
        assert ids == list(range(1, 64))
    await talking


async def test_many_readers_of_many_jobs_are_told_together(live: Live, worker: Worker) -> None:
    jobs = [await live.submit() for _ in range(5)]

    async def read(job_id: str) -> str:
        async with live.follow(job_id) as reader:
            return (await reader.rest())[-1].data["state"]

    reading = [asyncio.create_task(read(job_id)) for job_id in jobs for _ in range(3)]
    await live.waiting(15)
    for job_id in jobs:
        await worker.succeed(job_id)
    assert await asyncio.gather(*reading) == ["succeeded"] * 15


async def test_without_the_bell_streams_go_on_by_polling(
    services: Services, settings: Settings, worker: Worker
) -> None:
    silent = Worker(services, worker.id)
    async with running_api(settings, services, poll_s=0.05) as api, listening(api) as live:
        job_id = await live.submit()
        async with live.follow(job_id) as reader:
            await live.waiting(1)
            await silent.succeed(job_id)
            assert (await reader.rest())[-1].data["state"] == "succeeded"


async def test_without_redis_streams_go_on_by_polling(
    services: Services, settings: Settings, worker: Worker
) -> None:
    away = settings.model_copy(
        update={"redis": settings.redis.model_copy(update={"url": "redis://127.0.0.1:1/0"})}
    )
    async with running_api(away, services, poll_s=0.05) as api, listening(api) as live:
        job_id = await live.submit()
        async with live.follow(job_id) as reader:
            await live.waiting(1)
            await Worker(services, worker.id).succeed(job_id)
            assert (await reader.rest())[-1].data["state"] == "succeeded"


async def test_a_reader_who_leaves_is_forgotten_at_once(live: Live) -> None:
    job_id = await live.submit()
    async with live.follow(job_id) as reader:
        await reader.next()
        await live.waiting(1)
    await live.waiting(0)
    # With nobody left the hub stops listening too.
    await until(lambda: live.api.hub._work is None)


async def test_the_hub_listens_again_for_the_next_reader(live: Live, worker: Worker) -> None:
    for _ in range(3):
        job_id = await live.submit()
        async with live.follow(job_id) as reader:
            await live.waiting(1)
            await worker.succeed(job_id)
            assert len(await reader.rest()) == 3


async def test_a_silent_job_is_kept_alive_with_comments(
    live: Live, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haulage.api.events.KEEPALIVE_S", 0.02)
    job_id = await live.submit()
    async with live.follow(job_id) as reader:
        while reader.raw.count(b": still here\n\n") < 3:
            reader.raw += await anext(reader._chunks)


async def test_a_reader_who_is_too_slow_is_let_go_and_can_come_back(
    rung: Services, settings: Settings, worker: Worker
) -> None:
    async with running_api(settings, rung, max_behind=10) as api, listening(api) as live:
        job_id = await live.submit()
        lease = await worker.claim(job_id)
        # A stream that nobody drains is what a blocked connection looks like to the hub.
        job = await api.reads.get(lease.job_id, tenant="default")
        stream = api.hub.stream(job, after=0, encode=sse.encode)
        batches = stream.batches()
        await anext(batches)
        waiting = asyncio.create_task(anext(batches))
        await live.waiting(1)
        await worker.log(lease, "x")
        (line,) = Parser().feed(b"".join(await waiting))
        await worker.log(lease, *["y"] * 11)
        await live.waiting(0)
        assert [batch async for batch in batches if batch] == []
        assert stream.too_slow
        await worker.settle(lease, SUCCEEDED)
        async with live.follow(job_id, **{"Last-Event-ID": str(line.id)}) as reader:
            assert [event.id for event in await reader.rest()] == list(range(line.id + 1, 16))


async def test_a_shutdown_ends_streams_in_good_order(live: Live) -> None:
    job_id = await live.submit()
    async with live.follow(job_id) as reader:
        await live.waiting(1)
        live.api.hub.end_all()
        assert len(await reader.rest()) == 1


async def test_one_query_reads_for_all_streams(
    live: Live, worker: Worker, rung: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [await live.submit() for _ in range(20)]
    leases = [await worker.claim(job_id) for job_id in jobs]

    async def read(job_id: str) -> None:
        async with live.follow(job_id) as reader:
            await reader.rest()

    reading = [asyncio.create_task(read(job_id)) for job_id in jobs]
    await live.waiting(20)
    await until(lambda: not live.api.hub._news)
    looks: list[int] = []
    after = type(rung.events).after

    async def counted(self: Any, positions: Any, *, limit: int) -> Any:
        looks.append(len(positions))
        return await after(self, positions, limit=limit)

    monkeypatch.setattr(type(rung.events), "after", counted)
    ends = [Settlement(lease.job_id, lease.fence, SUCCEEDED) for lease in leases]
    assert all(await rung.jobs.settle(ends))
    rung.event_bell.rang(lease.job_id for lease in leases)
    await asyncio.gather(*reading)
    assert looks == [20]


async def test_the_bytes_are_as_the_standard_says(live: Live, worker: Worker) -> None:
    job_id = await live.submit()
    await worker.succeed(job_id)
    answer = await live.http.get(f"/api/v1/jobs/{job_id}/events")
    assert answer.headers["cache-control"] == "no-store"
    blocks = answer.text.split("\n\n")
    assert blocks[0] == "retry: 1000"
    names = [line.partition(":")[0] for line in blocks[1].split("\n")]
    assert names == ["id", "event", "data"]
    json.loads(blocks[1].split("\n")[2].removeprefix("data: "))
