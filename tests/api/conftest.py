"""The real application over HTTP, on a real PostgreSQL; stores move the jobs, not workers."""

import asyncio
import atexit
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from haulage.accounts.quota import Quota
from haulage.api.app import make_app
from haulage.api.arrivals import Arrivals
from haulage.api.deps import Deps, looks_of
from haulage.api.events import EventHub
from haulage.api.page_images import PageImages
from haulage.api.readiness import Readiness
from haulage.api.type_documents import TypeDocuments
from haulage.connectors.vault import Vault
from haulage.documents.inspector import Inspector
from haulage.domain.ids import uuid7
from haulage.domain.job import EventKind, Lease
from haulage.domain.job_type import Policy, Registry, job_type
from haulage.domain.outcome import Cancelled, ErrorInfo, Failed, Outcome, Succeeded
from haulage.engine import bulk, bus
from haulage.engine.broker_watch import BrokerWatch
from haulage.engine.control import Control
from haulage.engine.depth import Depth
from haulage.engine.intake import Intake
from haulage.engine.services import Services
from haulage.engine.window import Window
from haulage.settings import Settings, load
from haulage.storage.event_store import Note
from haulage.storage.job_reads import JobReads
from haulage.storage.json_text import dumps
from haulage.storage.settlement import Settlement
from haulage.storage.worker_store import WorkerInfo
from haulage.wiring.accounts import open_gate
from haulage.wiring.limits import open_limits


class SpeakInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str
    times: int = 1


class Spoken(BaseModel):
    said: str


class AnyInput(BaseModel):
    value: Any = None


@pytest.fixture
def registry() -> Registry:
    registry = Registry()

    @job_type(
        "speak",
        policy=Policy(max_attempts=4, timeout_s=60),
        example={"text": "hello"},
        registry=registry,
    )
    async def speak(input: SpeakInput, ctx: object) -> Spoken:
        """Say a text.

        As often as asked.
        """
        return Spoken(said=input.text * input.times)

    bulk.declare_in(registry)

    @job_type("keep", registry=registry)
    def keep(input: AnyInput, ctx: object) -> Any:
        """Give it back."""
        return input.value

    return registry


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    return loaded(database_url, redis_url)


@cache
def loaded(database_url: str, redis_url: str) -> Settings:
    """The same for all tests: settings cannot be changed."""
    return load(
        {
            "HAULAGE_DATABASE_URL": database_url,
            "HAULAGE_REDIS_URL": redis_url,
            "HAULAGE_QUEUES": "io=io,cpu=cpu,slow=io",
            "HAULAGE_API_MAX_BODY_BYTES": "20000",
            "HAULAGE_API_MAX_FILE_BYTES": "200000",
            "HAULAGE_API_MAX_BATCH": "5",
            "HAULAGE_WEBHOOKS_KEYS": "x" * 43,
        }
    )


@dataclass
class Api:
    """The application and what stands behind it. `redis_up` is what the readiness ping says."""

    app: FastAPI
    hub: EventHub
    services: Services
    reads: JobReads
    settings: Settings
    redis_up: list[bool] = field(default_factory=lambda: [True])


@asynccontextmanager
async def running_api(
    settings: Settings,
    services: Services,
    *,
    broker: BrokerWatch | None = None,
    **hub_options: Any,
) -> AsyncIterator[Api]:
    client = bus.connect(settings.require_redis_url())
    listener = bus.Listener(client, f"{settings.redis.prefix}events")
    hub = EventHub(services.events, listener, **{"poll_s": 30.0, **hub_options})
    reads = JobReads(services.database, services.blobs)
    redis_up = [True]

    async def redis_answers() -> bool:
        return redis_up[0]

    async with (
        open_limits(settings, services.database, services.clock) as limits,
        open_gate(settings, services.database, services.clock) as gate,
    ):
        quota = Quota(limits.limiter, limits.book, services.clock.now)
        app = make_app(
            Deps(
                services=services,
                intake=Intake(
                    services,
                    queue_pools=settings.queue_pools,
                    window=Window(settings.engine.window, services.dispatch.rung_waiting),
                    depth=Depth(settings.engine.queue_depth, reads.depth),
                    broker=broker,
                    quota=quota,
                ),
                control=Control(services, limits.traffic),
                reads=reads,
                looks=looks_of(reads),
                settings=settings,
                hub=hub,
                readiness=Readiness(services, settings, {"redis": redis_answers}),
                types=TypeDocuments(services.registry),
                limits=limits,
                gate=gate,
                quota=quota,
                arrivals=Arrivals(services.blobs, inspector()),
                pages=PageImages(services.blobs, inspector()),
                vault=Vault(settings.webhooks.key_list),
            )
        )
        try:
            yield Api(app, hub, services, reads, settings, redis_up)
        finally:
            await hub.close()
            await client.aclose()


@pytest.fixture
async def api(settings: Settings, services: Services) -> AsyncIterator[Api]:
    async with running_api(settings, services) as api:
        yield api


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, without a network in between."""
    transport = httpx.ASGITransport(api.app, client=("203.0.113.7", 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://haulage.test") as client:
        yield client


@cache
def inspector() -> Inspector:
    """One for all tests, with its process."""
    opened = Inspector(max_pages=20, max_pixels=1_000_000)
    atexit.register(opened.close)
    return opened


class Worker:
    """Moves jobs as a worker would: by leases."""

    def __init__(self, services: Services, id: UUID) -> None:
        self.id = id
        self._services = services

    async def claim(self, job_id: UUID | str) -> Lease:
        (lease,) = await self._services.claim([UUID(str(job_id))], worker_id=self.id, worker_pid=1)
        return lease

    async def settle(self, lease: Lease, outcome: Outcome) -> None:
        ref = None
        if isinstance(outcome, Succeeded):
            ref = (await self._services.blobs.keep(outcome.result)).ref
        (landed,) = await self._services.jobs.settle(
            [Settlement(lease.job_id, lease.fence, outcome, result_ref=ref)]
        )
        assert landed
        self._services.event_bell.rang([lease.job_id])

    async def succeed(self, job_id: UUID | str, result: str = '{"said":"hello"}') -> None:
        await self.settle(await self.claim(job_id), Succeeded(result))

    async def fail(self, job_id: UUID | str) -> None:
        error = ErrorInfo("page_refused", "The page said no.", retryable=False, trace="File x.py")
        await self.settle(await self.claim(job_id), Failed(error))

    async def stop(self, lease: Lease) -> None:
        await self.settle(lease, Cancelled())

    async def log(self, lease: Lease, *messages: str, **fields: Any) -> None:
        lines = [{"message": message, "fields": fields} for message in messages]
        notes = [Note(lease, EventKind.LOG, dumps(line)) for line in lines]
        assert all(await self._services.events.append(notes))
        self._services.event_bell.rang([lease.job_id])

    async def progress(self, lease: Lease, percent: float) -> None:
        report = {"percent": percent, "step": "half", "done": 1, "failed": 0, "total": 2}
        note = Note(lease, EventKind.PROGRESS, dumps(report))
        assert await self._services.events.append([note]) == [True]
        self._services.event_bell.rang([lease.job_id])


@pytest.fixture
async def worker(services: Services) -> Worker:
    worker_id = uuid7()
    await services.workers.register(
        WorkerInfo(worker_id, "io-1", "here", 1, "io", ["io", "slow"], 10, "0")
    )
    return Worker(services, worker_id)


Submit = Callable[..., Any]


@pytest.fixture
def submit(http: httpx.AsyncClient) -> Submit:
    async def submit(text: str = "hello", **options: Any) -> dict[str, Any]:
        body = {"type": "speak", "input": {"text": text}, **options}
        answer = await http.post("/api/v1/jobs", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()

    return submit


async def until(condition: Callable[[], object], within_s: float = 10) -> None:
    """Let the loop run until `condition` holds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer's problem document, checked for what every one has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"urn:haulage:problem:{code}"
    assert document["code"] == code
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == answer.request.url.path
    assert document["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return document
