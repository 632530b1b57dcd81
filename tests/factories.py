"""Jobs, workers and looks into the tables, for tests that set only what matters to them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa

from haulage.domain.clock import SystemClock
from haulage.domain.ids import uuid7
from haulage.domain.job import Lease, NewJob, Usage
from haulage.domain.job_type import Registry
from haulage.domain.lifecycle import State
from haulage.domain.outcome import ErrorInfo, Failed, Outcome, Retry, Snooze, Succeeded, Waiting
from haulage.domain.ports import Silent
from haulage.engine.services import Services
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.dispatch_store import DispatchStore
from haulage.storage.event_store import EventStore
from haulage.storage.file_store import FileStore
from haulage.storage.job_store import JobStore
from haulage.storage.settlement import Settlement
from haulage.storage.step_store import StepStore
from haulage.storage.tables import jobs
from haulage.storage.worker_store import WorkerInfo, WorkerStore

LEASE_S = 5.0
FAR = datetime(2999, 1, 1, tzinfo=UTC)
ERROR = ErrorInfo("odd", "It went wrong.", retryable=True)
DONE = Succeeded('{"done":true}')
FAILED = Failed(ERROR)


def retry(delay_s: float = 10.0) -> Retry:
    return Retry(delay_s, ERROR)


def snooze(delay_s: float = 10.0) -> Snooze:
    return Snooze(delay_s)


def new_job(**given: Any) -> NewJob:
    """A job for the io queue; keywords are the fields of `NewJob`."""
    return NewJob(
        **{"id": uuid7(), "type": "echo", "input": "{}", "queue": "io", "max_attempts": 3, **given}
    )


async def queued(services: Services, **given: Any) -> UUID:
    """Insert one job as intake does, a large input by reference; its id."""
    job = new_job(**given)
    kept = await services.blobs.keep(job.input)
    await services.jobs.insert([replace(job, input_ref=kept.ref)])
    return job.id


@dataclass
class Hand:
    """A registered worker; `pid` is the process it claims for, `alone` whether it says that this
    process runs nothing else."""

    services: Services
    id: UUID
    pid: int = 1
    alone: bool = True

    @classmethod
    async def hired(cls, services: Services, **given: Any) -> "Hand":
        info = WorkerInfo(
            **{
                "id": uuid7(),
                "name": "io@test:1",
                "host": "test",
                "pid": 1,
                "pool": "io",
                "queues": ["io"],
                "slots": 10,
                "version": "0",
                **given,
            }
        )
        await services.workers.register(info)
        return cls(services, info.id)

    async def claim_all(self, *ids: UUID) -> list[Lease]:
        return await self.services.jobs.claim(
            ids, worker_id=self.id, worker_pid=self.pid, alone=self.alone
        )

    async def claim(self, job_id: UUID) -> Lease:
        [lease] = await self.claim_all(job_id)
        return lease

    async def settle(self, lease: Lease, outcome: Outcome, usage: Usage | None = None) -> bool:
        ref = None
        if isinstance(outcome, Waiting):
            # A parent waits for something: without a live child it would be woken at once.
            await queued(self.services, parent_id=lease.job_id, run_at=FAR)
        if isinstance(outcome, Succeeded):
            ref = (await self.services.blobs.keep(outcome.result)).ref
        settlement = Settlement(lease.job_id, lease.fence, outcome, usage or Usage(), ref)
        [landed] = await self.services.jobs.settle([settlement])
        return landed

    async def run(self, job_id: UUID, outcome: Outcome) -> Lease:
        """Claim and settle."""
        lease = await self.claim(job_id)
        assert await self.settle(lease, outcome)
        return lease

    async def dies(self) -> None:
        """Its row says that it has ended; what it held is an orphan."""
        await self.services.workers.retire(self.id, reason="killed")


async def row(services: Services, job_id: UUID) -> sa.RowMapping:
    """The job's whole row."""
    async with services.database.reading() as connection:
        found = await connection.execute(sa.select(jobs).where(jobs.c.id == job_id))
        return found.mappings().one()


async def state(services: Services, job_id: UUID) -> State:
    return State((await row(services, job_id))["state"])


async def history(services: Services, job_id: UUID) -> list[dict[str, Any]]:
    """The data of the job's events; their sequence is checked on the way."""
    events = (await services.events.after({job_id: 0})).get(job_id, [])
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (await row(services, job_id))["event_seq"] == len(events)
    return [{"kind": event.kind.value, **json.loads(event.data)} for event in events]


async def path(services: Services, job_id: UUID) -> list[str]:
    """The states the job went through, by its events."""
    return [one["state"] for one in await history(services, job_id) if one["kind"] == "state"]


async def brought_to(services: Services, wanted: State, **given: Any) -> UUID:
    """A job in the state `wanted`, brought there by the store's own means."""
    hand = await Hand.hired(services)
    job_id = await queued(services, **given)
    match wanted:
        case State.SCHEDULED:
            await hand.run(job_id, retry())
        case State.QUEUED:
            pass
        case State.RUNNING:
            await hand.claim(job_id)
        case State.WAITING:
            await hand.run(job_id, Waiting())
        case State.SUCCEEDED:
            await hand.run(job_id, DONE)
        case State.FAILED:
            await hand.run(job_id, FAILED)
        case State.CANCELLED:
            await services.jobs.cancel([job_id], tenant=None, by="test")
    assert await state(services, job_id) is wanted
    return job_id


def services_on(database: Database, blobs: Blobs, clock: SystemClock) -> Services:
    """Services with no job types and silent bells."""
    silent = Silent()
    return Services(
        database=database,
        clock=clock,
        registry=Registry(),
        blobs=blobs,
        jobs=JobStore(database, blobs, clock),
        dispatch=DispatchStore(database, clock),
        events=EventStore(database, clock),
        steps=StepStore(database, blobs, clock),
        files=FileStore(database, blobs, clock),
        workers=WorkerStore(database, clock),
        doorbell=silent,
        event_bell=silent,
        worker_bell=silent,
    )


def cut(url: str, name: str) -> int:
    """End the server's side of all connections that call themselves `name`; how many."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = %s AND datname = current_database()",
            [name],
        )
        return len(found.fetchall())


@contextmanager
def away(admin_url: str, url: str) -> Iterator[None]:
    """The database at `url` refuses everybody while this lasts; `admin_url` is another one."""
    name = url.rpartition("/")[2]
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                [name],
            )
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
