"""The io pool's inside: slots, deliveries, and a clean end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from haulage.domain.ids import uuid7
from haulage.domain.lifecycle import State
from haulage.engine.executor import Executor
from haulage.engine.runner import Delivery, Runner
from haulage.engine.services import Services
from haulage.storage.tables import jobs
from tests.engine.conftest import Bench
from tests.factories import Hand, away, new_job, queued, row, state


class Crew:
    """A runner with a worker of its own; counts deliveries that are done."""

    def __init__(self, services: Services, hand: Hand, slots: int) -> None:
        self.services = services
        self.hand = hand
        self.runner = Runner(services, Executor(services), slots=slots, worker_id=self._worker_id)
        self.done: list[Sequence[UUID]] = []
        self._tries = asyncio.Semaphore(0)
        self._grown = asyncio.Condition()

    def offer(self, *ids: UUID) -> None:
        self.runner.offer(Delivery(ids, lambda: self._finished(ids)))

    def _worker_id(self) -> UUID:
        self._tries.release()
        return self.hand.id

    async def claims_tried(self, count: int) -> None:
        async with asyncio.timeout(30):
            for _ in range(count):
                await self._tries.acquire()

    def _finished(self, ids: Sequence[UUID]) -> None:
        self.done.append(ids)
        self._note = asyncio.ensure_future(self._notify())

    async def _notify(self) -> None:
        async with self._grown:
            self._grown.notify_all()

    async def all_done(self, count: int) -> None:
        async with asyncio.timeout(30), self._grown:
            await self._grown.wait_for(lambda: len(self.done) >= count)


@pytest.fixture
async def crew(services: Services) -> AsyncIterator[Crew]:
    made = Crew(services, await Hand.hired(services), slots=3)
    yield made
    await made.runner.close(within_s=0)


class Gate:
    """A handler that waits to be let through; tells how many are inside."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.entered = asyncio.Semaphore(0)
        self.open = asyncio.Event()

    async def __call__(self, input: Any, ctx: Any) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.entered.release()
        try:
            await self.open.wait()
        finally:
            self.inside -= 1

    async def holds(self, count: int) -> None:
        async with asyncio.timeout(30):
            for _ in range(count):
                await self.entered.acquire()


@pytest.fixture
async def gate(bench: Bench) -> Gate:
    made = Gate()

    async def handler(input, ctx):
        await made(input, ctx)

    bench.declare(handler)
    return made


async def submitted(services: Services, count: int) -> list[UUID]:
    jobs = [new_job(type="try") for _ in range(count)]
    await services.jobs.insert(jobs)
    return [job.id for job in jobs]


async def test_no_more_run_than_there_are_slots(services: Services, crew: Crew, gate: Gate) -> None:
    ids = await submitted(services, 8)
    for job_id in ids:
        crew.offer(job_id)
    await gate.holds(3)
    assert (crew.runner.in_flight, crew.runner.backlog) == (3, 5)
    assert [await state(services, job_id) for job_id in ids[3:]] == [State.QUEUED] * 5
    gate.open.set()
    await crew.all_done(8)
    assert gate.most == 3
    assert crew.runner.ended() == {"io": 8}
    assert {await state(services, job_id) for job_id in ids} == {State.SUCCEEDED}


async def test_a_delivery_is_done_when_all_its_ids_are(
    services: Services, crew: Crew, gate: Gate
) -> None:
    first, second = await submitted(services, 2)
    crew.offer(first, second, uuid7())
    await gate.holds(2)
    assert crew.done == []
    gate.open.set()
    await crew.all_done(1)
    assert len(crew.done) == 1


async def test_an_empty_delivery_is_done_at_once(crew: Crew) -> None:
    crew.offer()
    assert crew.done == [()]


async def test_an_id_that_is_rung_twice_runs_once(
    services: Services, crew: Crew, gate: Gate
) -> None:
    [job_id] = await submitted(services, 1)
    crew.offer(job_id, job_id)
    crew.offer(job_id)
    await gate.holds(1)
    crew.offer(job_id)
    await crew.all_done(1)
    assert crew.done == [(job_id,)] * len(crew.done)
    gate.open.set()
    await crew.all_done(3)
    assert gate.most == 1
    assert (await row(services, job_id))["fence"] == 1


async def test_two_workers_that_hear_the_same_bell_run_a_job_once(
    services: Services, gate: Gate
) -> None:
    crews = [Crew(services, await Hand.hired(services), slots=10) for _ in range(2)]
    ids = await submitted(services, 10)
    gate.open.set()
    for crew in crews:
        crew.offer(*ids)
    for crew in crews:
        await crew.all_done(1)
        await crew.runner.close(within_s=5)
    assert [(await row(services, job_id))["fence"] for job_id in ids] == [1] * 10


async def test_jobs_that_are_not_ours_finish_their_delivery(
    services: Services, crew: Crew, gate: Gate
) -> None:
    [cancelled] = await submitted(services, 1)
    await services.jobs.cancel([cancelled], tenant=None, by="ann")
    crew.offer(cancelled)
    crew.offer(uuid7())
    await crew.all_done(2)
    assert crew.runner.in_flight == 0


async def test_a_ring_that_comes_while_postgresql_is_away_is_kept(
    services: Services, crew: Crew, gate: Gate, database_url: str, servers: dict[str, str]
) -> None:
    gate.open.set()
    [job_id] = await submitted(services, 1)
    with away(servers["database"], database_url):
        crew.offer(job_id)
        await crew.claims_tried(2)
    await crew.all_done(1)
    assert await state(services, job_id) is State.SUCCEEDED


async def test_closing_while_a_claim_waits_for_postgresql_finishes_its_deliveries(
    services: Services, crew: Crew, gate: Gate, database_url: str, servers: dict[str, str]
) -> None:
    [job_id] = await submitted(services, 1)
    with away(servers["database"], database_url):
        crew.offer(job_id)
        await asyncio.sleep(0)
        assert await crew.runner.close(within_s=0) == 0
        assert crew.done == [(job_id,)]
    assert await state(services, job_id) is State.QUEUED


async def test_a_job_is_stopped_by_its_lease_and_by_its_id(
    services: Services, crew: Crew, gate: Gate
) -> None:
    ids = await submitted(services, 3)
    crew.offer(*ids)
    await gate.holds(3)
    assert crew.runner.holds(ids[0], 1)
    crew.runner.stop_job(ids[0], 2, "cancel")
    crew.runner.stop_job(ids[1], 1, "cancel")
    crew.runner.stop_ids([ids[2], uuid7()], "cancel")
    ended = [crew.runner._running[job_id, 1].task for job_id in ids[1:]]
    await asyncio.wait(ended, timeout=30)
    assert [await state(services, job_id) for job_id in ids] == [
        "running",
        "cancelled",
        "cancelled",
    ]


async def test_closing_lets_what_runs_finish(services: Services, crew: Crew, gate: Gate) -> None:
    ids = await submitted(services, 5)
    crew.offer(*ids)
    await gate.holds(3)
    closing = asyncio.ensure_future(crew.runner.close(within_s=30))
    asyncio.get_running_loop().call_soon(gate.open.set)
    assert await closing == 0
    assert [await state(services, job_id) for job_id in ids] == ["succeeded"] * 3 + ["queued"] * 2
    assert crew.done == [tuple(ids)]


async def test_closing_gives_the_rest_back_without_charging_an_attempt(
    services: Services, crew: Crew, gate: Gate
) -> None:
    ids = await submitted(services, 2)
    crew.offer(*ids)
    await gate.holds(2)
    assert await crew.runner.close(within_s=0.01) == 2
    for job_id in ids:
        found = await row(services, job_id)
        assert (found["state"], found["reason"]) == ("scheduled", "given_back")
        assert (found["attempt"], found["crashes"]) == (0, 0)
    assert gate.inside == 0
    assert crew.done == [tuple(ids)]


async def test_a_closed_runner_takes_nothing_more(
    services: Services, crew: Crew, gate: Gate
) -> None:
    [job_id] = await submitted(services, 1)
    await crew.runner.close(within_s=0)
    crew.offer(job_id)
    assert crew.done == [(job_id,)]
    assert await state(services, job_id) is State.QUEUED


async def test_closing_while_postgresql_is_away_is_no_error(
    services: Services, crew: Crew, gate: Gate, database_url: str, servers: dict[str, str]
) -> None:
    [job_id] = await submitted(services, 1)
    crew.offer(job_id)
    await gate.holds(1)
    with away(servers["database"], database_url):
        assert await crew.runner.close(within_s=0) == 0
    assert await state(services, job_id) is State.RUNNING


async def test_five_thousand_run_at_once_in_one_process(services: Services, gate: Gate) -> None:
    count = 5_000
    crew = Crew(services, await Hand.hired(services), slots=count)
    ids = await submitted(services, count)
    for start in range(0, count, 100):
        crew.offer(*ids[start : start + 100])
    await gate.holds(count)
    assert crew.runner.in_flight == gate.inside == count
    gate.open.set()
    await crew.all_done(count // 100)
    assert await crew.runner.close(within_s=30) == 0
    async with services.database.reading() as connection:
        found = await connection.execute(
            sa.select(jobs.c.state, sa.func.count()).group_by(jobs.c.state)
        )
        assert [tuple(one) for one in found] == [("succeeded", count)]


async def test_an_attempt_that_breaks_frees_its_slot(
    services: Services, crew: Crew, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> bool:
        raise AssertionError("a fault of ours")

    monkeypatch.setattr(crew.runner._executor, "run", broken)
    job_id = await queued(services, type="try")
    crew.offer(job_id)
    await crew.all_done(1)
    assert crew.runner.in_flight == 0
