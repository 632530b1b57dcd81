"""Real servers for all tests: one embedded PostgreSQL and one Redis for the whole run.

The pytest process that controls the run starts them; each xdist worker has a database and a Redis
number of its own, emptied before each test. Time is a clock that only tests move.
"""

import gc
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Generator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import psycopg
import pytest
import redis
import sqlalchemy as sa

from haulage.api.event_models import MODELS
from haulage.domain.clock import SystemClock
from haulage.domain.job_type import Registry
from haulage.domain.ports import Silent
from haulage.engine.services import Services
from haulage.runtime.postgres import Postgres
from haulage.runtime.redis import Redis
from haulage.storage import migrate, tables
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.dispatch_store import DispatchStore
from haulage.storage.event_store import EventStore
from haulage.storage.file_store import FileStore
from haulage.storage.job_store import JobStore
from haulage.storage.json_text import dumps, loads
from haulage.storage.sealing import PLAIN
from haulage.storage.step_store import StepStore
from haulage.storage.worker_store import WorkerStore
from tests.support.passwords import connect_quickly
from tests.support.turns import asks, group_of, turn_of

_running = ExitStack()
SERVERS = "haulage_servers"
# Other servers than the embedded ones: PostgreSQL by the folder of its programs, Redis by its.
OTHERS = {"HAULAGE_TEST_POSTGRES", "HAULAGE_TEST_REDIS"}


def pytest_configure(config: pytest.Config) -> None:
    # No test calls a provider that is not on this machine, whatever keys lie in the environment.
    os.environ["HAULAGE_PROVIDERS_NETWORK"] = "loopback"
    _leave_interrupts_to_children()
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    folder = Path(_running.enter_context(tempfile.TemporaryDirectory(prefix="haulage-test-")))
    folder.chmod(0o711)
    binaries = _path_in("HAULAGE_TEST_POSTGRES")
    postgres = _running.enter_context(
        Postgres.start(folder / "postgres", durable=False, binaries=binaries)
    )
    cache = _running.enter_context(
        Redis.start(folder / "redis", binary=_path_in("HAULAGE_TEST_REDIS"))
    )
    connect_quickly(postgres.url)
    setattr(config, SERVERS, {"database": postgres.url, "redis": cache.url})


def _leave_interrupts_to_children() -> None:
    """Who is started in the background (`make test &`, `nohup`) ignores what a terminal sends; so
    would all that it starts. A handler that does nothing ignores it too, and is not passed on."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def _path_in(variable: str) -> Path | None:
    chosen = os.environ.get(variable)
    return Path(chosen) if chosen else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: to look for garbage in it, now and in each test, takes
    every worker seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_configure_node(node: object) -> None:
    node.workerinput[SERVERS] = getattr(node.config, SERVERS)  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _running.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Groups first, and known by their names: xdist 3.8 writes those where pytest 9.1 and later no
    longer look, so that each worker would start every live system."""
    if os.environ.keys() & OTHERS:
        # Those that ask no server would be the same as in the run on the usual ones.
        config.hook.pytest_deselected(items=[one for one in items if not asks(one, "servers")])
        items[:] = [one for one in items if asks(one, "servers")]
    groups = {item: group_of(item) for item in items}
    items.sort(key=lambda item: turn_of(groups[item]))
    for item, group in groups.items():
        if group and getattr(config.option, "loadgroup", False) and "@" not in item.nodeid:
            item._id = type(item.id).parse(f"{item.nodeid}@{group}")  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> dict[str, str]:
    """The URLs of the run's PostgreSQL (as its owner) and Redis."""
    given = getattr(request.config, "workerinput", None)
    return given[SERVERS] if given else getattr(request.config, SERVERS)


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    """0 without xdist, else 0, 1, …"""
    given = getattr(request.config, "workerinput", None)
    return int(given["workerid"].removeprefix("gw")) if given else 0


@pytest.fixture(scope="session")
def migrated_url(servers: dict[str, str], worker_number: int) -> str:
    """This xdist worker's own database, with the tables in it."""
    base, _, _ = servers["database"].rpartition("/")
    name = f"test_{worker_number}"
    with psycopg.connect(servers["database"], autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    migrate.migrate(f"{base}/{name}")
    return f"{base}/{name}"


class Broom:
    """Empties a database, over one connection: to connect takes ten times as long as to empty."""

    # On tables this small it is two hundred times as quick as TRUNCATE.
    EMPTY = "; ".join(f"DELETE FROM {table.name}" for table in tables.metadata.sorted_tables)

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = psycopg.connect(url, autocommit=True)

    def sweep(self) -> None:
        try:
            self._connection.execute(self.EMPTY)
        except psycopg.OperationalError:
            # A test has cut all connections; nobody cuts the next one.
            self._connection = psycopg.connect(self._url, autocommit=True)
            self._connection.execute(self.EMPTY)


@pytest.fixture(scope="session")
def broom(migrated_url: str) -> Broom:
    return Broom(migrated_url)


@pytest.fixture
def database_url(migrated_url: str, broom: Broom) -> str:
    """The URL of an empty database."""
    broom.sweep()
    return migrated_url


@pytest.fixture
def redis_url(servers: dict[str, str], worker_number: int) -> str:
    """The URL of an empty Redis database."""
    base, _, _ = servers["redis"].rpartition("/")
    url = f"{base}/{worker_number}"
    _redis_at(url).flushdb()
    return url


@cache
def _redis_at(url: str) -> redis.Redis:
    """One for all tests: to make a client takes longer than what is asked of it."""
    return redis.Redis.from_url(url)


class TestClock(SystemClock):
    """Stands still until a test moves it."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self._now = datetime(2030, 1, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def calibrate(self, shared_now: datetime) -> timedelta:
        return timedelta()

    def advance(self, **by: float) -> None:
        """`advance(seconds=…)`, as `timedelta` takes it."""
        self._now += timedelta(**by)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def random() -> Random:
    return Random(7)


@pytest.fixture
def registry() -> Registry:
    """No job types; a test declares what it needs with `registry=`."""
    return Registry()


@cache
def lasting_database(url: str) -> Database:
    """One for all tests: what was made of a statement once is good for the next test."""
    return Database(url, pool_size=5, name="haulage-test")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = lasting_database(database_url)
    yield opened
    # A test may have given it keys.
    opened.sealer = PLAIN
    # Its connections go, with the loop that they belong to.
    await opened.close()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.open(str(tmp_path / "blobs"))


@pytest.fixture
async def services(
    database: Database, blobs: Blobs, clock: TestClock, registry: Registry
) -> AsyncIterator[Services]:
    """Everything the engine shares, on a real database, with silent bells."""
    silent = Silent()
    made = Services(
        database=database,
        clock=clock,
        registry=registry,
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
    yield made
    await made.drain()
    await assert_events_are_as_documented(database)


async def assert_events_are_as_documented(database: Database) -> None:
    """Whatever a test had the engine emit is what /asyncapi.json says."""
    async with database.reading() as connection:
        emitted = await connection.execute(sa.select(tables.events))
        for event in emitted.mappings():
            data = loads(database.sealer.open(dumps(event["data"])))
            said = {"at": event["at"], **data}
            MODELS[event["kind"]].model_validate(said)
