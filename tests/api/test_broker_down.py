"""While the broker is away a job is refused at once, or accepted and rung later (row D3)."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import httpx
import psycopg
import pytest

from haulage.domain.errors import BrokerAway
from haulage.engine import bus
from haulage.engine.broker_watch import BrokerWatch
from haulage.engine.celery_app import make_celery
from haulage.engine.doorbell import CeleryDoorbell
from haulage.engine.services import Services
from haulage.runtime import ports
from haulage.runtime.process import Process, await_ready
from haulage.runtime.redis import Redis
from haulage.settings import Settings, load
from tests.api.conftest import assert_problem, running_api, until

GOOD = {"type": "speak", "input": {"text": "hi"}}
URL = "/api/v1/jobs"
PATIENCE_S = 0.3


class Broker:
    """A Redis of the test's own, to be killed, frozen and thawed."""

    def __init__(self, folder: Path, port: int) -> None:
        self._redis = Redis.prepare(folder, port=port)
        self._log = folder / "redis.log"
        self.url = self._redis.url
        self.process = Process(self._redis.spec, self._log)
        await_ready(self.process)

    def start_again(self) -> None:
        self.process = Process(self._redis.spec, self._log)
        await_ready(self.process)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with ports.reserve_free() as port:
        made = Broker(tmp_path / "redis", port.number)
        yield made
        made.process.kill()


@pytest.fixture
async def watch(broker: Broker) -> AsyncIterator[BrokerWatch]:
    client = bus.connect(broker.url)

    async def answers() -> bool:
        return bool(await client.ping())

    yield BrokerWatch(answers, patience_s=PATIENCE_S)
    await client.aclose()


@asynccontextmanager
async def client_of(
    settings: Settings, services: Services, watch: BrokerWatch | None
) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running_api(settings, services, broker=watch) as api,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(api.app), base_url="http://haulage.test"
        ) as http,
    ):
        yield http


def is_away(watch: BrokerWatch) -> bool:
    try:
        watch.require()
    except BrokerAway:
        return True
    return False


def stored(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM jobs").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hanging"])
async def test_a_broker_that_is_away_refuses_jobs_without_costing_them_time(
    broker: Broker,
    watch: BrokerWatch,
    settings: Settings,
    services: Services,
    database_url: str,
    how: signal.Signals,
) -> None:
    async with client_of(settings, services, watch) as http:
        assert (await http.post(URL, json=GOOD)).status_code == 202
        broker.process.signal(how)
        await watch.look()
        answers, took_s = [], []
        for _ in range(10):
            began = time.perf_counter()
            answers.append(await http.post(URL, json=GOOD))
            took_s.append(time.perf_counter() - began)
    for answer in answers:
        assert_problem(answer, 503, "broker_unavailable")
        assert answer.headers["retry-after"] == "2"
    # A busy machine makes some of them late; the broker would make all of them.
    assert median(took_s) < PATIENCE_S
    assert stored(database_url) == 1


async def test_jobs_are_accepted_again_once_the_broker_is_back(
    broker: Broker, watch: BrokerWatch, settings: Settings, services: Services
) -> None:
    async with client_of(settings, services, watch) as http:
        broker.process.kill()
        await watch.look()
        assert_problem(await http.post(URL, json=GOOD), 503, "broker_unavailable")
        broker.start_again()
        await watch.look()
        assert (await http.post(URL, json=GOOD)).status_code == 202


async def test_a_batch_is_refused_whole_and_a_known_key_still_finds_its_jobs(
    broker: Broker, watch: BrokerWatch, settings: Settings, services: Services, database_url: str
) -> None:
    key = {"Idempotency-Key": "mine"}
    async with client_of(settings, services, watch) as http:
        first = await http.post(URL, json=GOOD, headers=key)
        broker.process.kill()
        await watch.look()
        batch = await http.post(f"{URL}/batch", json={"jobs": [GOOD, GOOD]})
        assert_problem(batch, 503, "broker_unavailable")
        other = await http.post(URL, json=GOOD, headers={"Idempotency-Key": "new"})
        assert_problem(other, 503, "broker_unavailable")
        again = await http.post(URL, json=GOOD, headers=key)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert stored(database_url) == 1


async def test_the_watch_notices_by_itself_and_ends_when_told(
    broker: Broker, watch: BrokerWatch
) -> None:
    broker.process.kill()
    async with asyncio.timeout(20), watch.watching():
        await until(lambda: is_away(watch))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hanging"])
async def test_by_default_jobs_are_accepted_as_quickly_as_ever(
    broker: Broker, settings: Settings, services: Services, database_url: str, how: signal.Signals
) -> None:
    away = load({"HAULAGE_REDIS_URL": broker.url})
    doorbell = CeleryDoorbell(make_celery(away), queue_pools=settings.queue_pools)
    event_bell = bus.Bus(bus.connect(broker.url), prefix="haulage:")
    for name, bell in (("doorbell", doorbell), ("event_bell", event_bell)):
        object.__setattr__(services, name, bell)
    doorbell.start()
    try:
        async with client_of(settings, services, None) as http:
            assert (await http.post(URL, json=GOOD)).status_code == 202
            broker.process.signal(how)
            took_s = []
            for _ in range(20):
                began = time.perf_counter()
                assert (await http.post(URL, json=GOOD)).status_code == 202
                took_s.append(time.perf_counter() - began)
        # Each client of Redis gives up after half a second at the earliest.
        assert median(took_s) < 0.4
        assert stored(database_url) == 21
    finally:
        broker.process.kill()
        doorbell.close()
        await event_bell.close()


def test_the_setting_takes_its_two_words_only() -> None:
    assert load({"HAULAGE_API_BROKER_DOWN": "refuse"}).api.broker_down == "refuse"
    assert load({}).api.broker_down == "accept"
