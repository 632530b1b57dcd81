"""What `haulage doctor` finds on real servers, and what it says would mend it."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import psycopg
import pytest
import redis

from haulage.brokers.address import read
from haulage.cli.checkup.api import api_checks
from haulage.cli.checkup.broker import broker_checks
from haulage.cli.checkup.findings import (
    Finding,
    Level,
    Surroundings,
    clock,
    hosts_of,
    is_this_machine,
    this_host,
)
from haulage.cli.checkup.machine import machine_checks
from haulage.cli.checkup.postgres import _door as _postgres_door
from haulage.cli.checkup.postgres import postgres_checks
from haulage.cli.checkup.redis import _door as _redis_door
from haulage.cli.checkup.redis import redis_checks
from haulage.cli.checkup.safety import safety_checks
from haulage.domain.ids import uuid7
from haulage.engine.services import Services
from haulage.runtime.redis import Redis
from haulage.storage.worker_store import WorkerInfo
from tests.api.live import Live
from tests.support.live_system import until

Checks = Callable[[Surroundings], Iterator[Finding]]


@pytest.fixture
def around(database_url: str, redis_url: str, tmp_path: Path) -> Surroundings:
    return Surroundings(
        data=tmp_path,
        database_url=database_url,
        redis_url=redis_url,
        broker_url=None,
        blob_url=str(tmp_path / "blobs"),
        is_up=False,
        has_server=True,
    )


def found(checks: Checks, around: Surroundings) -> dict[str, Finding]:
    return {finding.what: finding for finding in checks(around)}


async def alive(
    services: Services, *, host: str, version: str, pool: str = "io", slots: int = 10
) -> UUID:
    worker = WorkerInfo(uuid7(), f"{pool}@{host}:1", host, 1, pool, [pool], slots, version)
    await services.workers.register(worker)
    return worker.id


async def postgres_findings(around: Surroundings) -> dict[str, Finding]:
    return await asyncio.to_thread(found, postgres_checks, around)


async def test_a_postgresql_that_does_not_write_through_is_a_failure(around: Surroundings):
    # The tests' own server is one.
    durability = (await postgres_findings(around))["durability"]
    assert durability.level is Level.FAIL
    assert "fsync" in durability.why
    assert "ALTER SYSTEM RESET fsync" in durability.mend


async def test_the_schema_and_the_clock_are_looked_at(around: Surroundings):
    findings = await postgres_findings(around)
    assert findings["schema"].level is Level.OK
    assert findings["PostgreSQL clock"].level is Level.OK


async def test_no_worker_at_all_is_said(around: Surroundings):
    workers = (await postgres_findings(around))["workers"]
    assert (workers.level, "haulage worker" in workers.mend) == (Level.WARN, True)


async def test_workers_elsewhere_need_shared_blobs(around: Surroundings, services: Services):
    await alive(services, host=this_host(), version="0.1.0")
    assert "shared blobs" not in await postgres_findings(around)
    await alive(services, host="far-away", version="0.1.0")
    shared = (await postgres_findings(around))["shared blobs"]
    assert (shared.level, "far-away" in shared.why) == (Level.WARN, True)
    assert "HAULAGE_BLOB_URL=s3://" in shared.mend
    in_a_store = replace(around, blob_url="s3://bucket")
    assert "shared blobs" not in await postgres_findings(in_a_store)


async def test_a_worker_on_a_machine_whose_clock_is_off_is_named(
    around: Surroundings, services: Services
):
    worker_id = await alive(services, host="early", version="0.1.0")
    await services.workers.beat(worker_id, in_flight=0, clock_ahead_s=0.1)
    assert (await postgres_findings(around))["worker clocks"].level is Level.OK
    await services.workers.beat(worker_id, in_flight=0, clock_ahead_s=30.0)
    clocks = (await postgres_findings(around))["worker clocks"]
    assert (clocks.level, "early is 30.0 s ahead" in clocks.why) == (Level.WARN, True)


async def test_what_cpu_processes_may_take_of_the_memory_is_said(
    around: Surroundings, services: Services, monkeypatch: pytest.MonkeyPatch
):
    await alive(services, host="far-away", version="0.1.0", pool="cpu", slots=9_999)
    await alive(services, host=this_host(), version="0.1.0")
    assert "memory" not in await postgres_findings(around)
    await alive(services, host=this_host(), version="0.1.0", pool="cpu", slots=2)
    memory = (await postgres_findings(around))["memory"]
    assert (memory.level, memory.why.startswith("2 cpu processes may")) == (Level.OK, True)
    monkeypatch.setenv("HAULAGE_ENGINE_CHILD_LIMIT_MB", "9000000")
    memory = (await postgres_findings(around))["memory"]
    assert (memory.level, "CHILD_LIMIT_MB=" in memory.mend) == (Level.WARN, True)
    monkeypatch.setenv("HAULAGE_ENGINE_CHILD_LIMIT_MB", "0")
    memory = (await postgres_findings(around))["memory"]
    assert (memory.level, "may take the machine" in memory.why) == (Level.WARN, True)


def test_a_postgresql_that_is_away_is_one_failure(around: Surroundings):
    away = replace(around, database_url="postgresql://127.0.0.1:9/none")
    findings = found(postgres_checks, away)
    assert [finding.level for finding in findings.values()] == [Level.FAIL]


def test_a_redis_that_evicts_is_explained_and_mended(around: Surroundings, tmp_path: Path):
    with Redis.start(tmp_path / "redis") as server:
        mine = replace(around, redis_url=server.url)
        assert found(redis_checks, mine)["Redis memory"].level is Level.OK
        with redis.Redis.from_url(server.url) as client:
            client.config_set("maxmemory-policy", "allkeys-lru")
            evicting = found(redis_checks, mine)["Redis memory"]
            assert (evicting.level, "throws away" in evicting.why) == (Level.WARN, True)
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", client.info()["used_memory"])
            full = found(redis_checks, mine)["Redis memory"]
            assert (full.level, "refuses" in full.why) == (Level.WARN, True)


def test_a_redis_that_cannot_save_is_a_failure_and_one_that_need_not_is_none(
    around: Surroundings, tmp_path: Path
):
    with Redis.start(tmp_path / "redis") as server:
        mine = replace(around, redis_url=server.url)
        assert found(redis_checks, mine)["Redis persistence"].level is Level.OK
        with redis.Redis.from_url(server.url) as client:
            # The folder it would write into is gone.
            shutil.rmtree(client.config_get("dir")["dir"])
            client.bgsave()
            until(lambda: client.info()["rdb_last_bgsave_status"] == "err")
        failing = found(redis_checks, mine)["Redis persistence"]
        assert (failing.level, "refuse every write" in failing.why) == (Level.FAIL, True)


@pytest.mark.parametrize(
    ("ahead_s", "within_s", "level"),
    [(0.5, 0.0, Level.OK), (-10, 0.1, Level.WARN), (10, 0.1, Level.WARN), (4, 3, Level.OK)],
)
def test_a_clock_is_off_by_more_than_the_question_took(
    ahead_s: float, within_s: float, level: Level
):
    assert clock("clock", ahead_s, within_s, matters=True).level is level


def test_a_short_visibility_timeout_is_a_warning(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HAULAGE_ENGINE_VISIBILITY_S", "60")
    visibility = found(broker_checks, around)["visibility timeout"]
    assert (visibility.level, "VISIBILITY_S" in visibility.mend) == (Level.WARN, True)


def test_the_visibility_timeout_grows_with_the_longest_limit_of_a_job_type(
    around: Surroundings, services: Services, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HAULAGE_ENGINE_VISIBILITY_S", "700")
    assert found(broker_checks, around)["visibility timeout"].why == "700 s"
    with psycopg.connect(str(around.database_url)) as connection:
        connection.execute(
            "INSERT INTO job_types (name, pool, queue, queues, max_attempts, max_crashes,"
            " timeout_s, published_at) VALUES ('train', 'cpu', 'cpu', '{cpu}', 1, 1, 7200, now())"
        )
    visibility = found(broker_checks, around)["visibility timeout"]
    assert visibility.level is Level.OK
    assert visibility.why == "7260 s, over the longest limit (train, 7200 s)"


async def test_workers_that_could_take_more_connections_than_there_are_are_a_warning(
    around: Surroundings, services: Services
):
    assert (await postgres_findings(around))["connections"].level is Level.OK
    big = WorkerInfo(uuid7(), "cpu@a:1", this_host(), 1, "cpu", ["cpu"], 5_000, "0.1.0")
    await services.workers.register(big)
    connections = (await postgres_findings(around))["connections"]
    assert (connections.level, "at the worst" in connections.why) == (Level.WARN, True)
    assert "ALTER SYSTEM SET max_connections" in connections.mend


async def test_a_superuser_of_a_server_that_somebody_named_is_a_warning(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("HAULAGE_DATABASE_URL", raising=False)
    assert "PostgreSQL role" not in await postgres_findings(replace(around, is_up=True))
    assert (await postgres_findings(around))["PostgreSQL role"].level is Level.WARN


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("redis://cache.example:6379/0", {"Redis password", "Redis TLS"}),
        ("redis://:secret@cache.example:6379/0", {"Redis TLS"}),
        ("rediss://:secret@cache.example:6379/0", set()),
        ("redis://127.0.0.1:6379/0", set()),
    ],
)
def test_a_redis_that_others_can_listen_to_or_come_into_is_a_warning(url: str, what: set[str]):
    warned = _redis_door("Redis", read(url, variable="R"), "R")
    assert {one.what for one in warned if one.level is Level.WARN} == what


@pytest.mark.parametrize(
    ("host", "is_encrypted", "what"),
    [
        ("db.example", False, {"PostgreSQL TLS"}),
        ("db.example", True, set()),
        ("[::1]", False, set()),
    ],
)
def test_a_postgresql_over_the_network_without_tls_is_a_warning(
    around: Surroundings, host: str, is_encrypted: bool, what: set[str]
):
    far = replace(around, database_url=f"postgresql://a:b@{host}/haulage")
    facts = SimpleNamespace(is_superuser=False, is_encrypted=is_encrypted)
    assert {one.what for one in _postgres_door(far, facts)} == what


@pytest.mark.parametrize(
    ("name", "value", "what", "level"),
    [
        ("DATABASE_URL", "postgresql://db/haulage", "who may call", Level.WARN),
        ("WEBHOOKS_ALLOW_PRIVATE", "true", "webhooks", Level.WARN),
        ("HANDLER_WEB_ALLOW_PRIVATE", "true", "web fetches", Level.WARN),
        ("API_TRUSTED_PROXIES", "10.0.0.0/8,0.0.0.0/0", "trusted proxies", Level.FAIL),
        ("LOG_LEVEL", "debug", "log level", Level.WARN),
        ("WEBHOOKS_BASE_URL", "http://jobs.example.org", "links", Level.WARN),
    ],
)
def test_a_setting_that_is_unsafe_in_production_is_named(
    around: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    what: str,
    level: Level,
):
    assert [one.level for one in safety_checks(around)] == [Level.OK]
    monkeypatch.setenv(f"HAULAGE_{name}", value)
    [finding] = safety_checks(around)
    assert (finding.what, finding.level, bool(finding.mend)) == (what, level, True)


@pytest.mark.parametrize(
    ("free", "level"), [(10**11, Level.OK), (10**9, Level.WARN), (10**8, Level.FAIL)]
)
def test_a_disk_that_fills_up_is_said_before_it_is_full(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch, free: int, level: Level
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert found(machine_checks, around)["disk"].level is level


@pytest.mark.parametrize(
    ("url", "hosts", "here"),
    [
        ("postgresql:///haulage", [], True),
        ("postgresql://a:b@127.0.0.1:5432/haulage", ["127.0.0.1"], True),
        ("redis://:secret@[::1]:6379/0", ["::1"], True),
        ("sentinel://:x@localhost:1,cache.example:2/0", ["localhost", "cache.example"], False),
    ],
)
def test_a_server_elsewhere_is_told_by_its_url(url: str, hosts: list[str], here: bool):
    assert (hosts_of(url), is_this_machine(hosts_of(url))) == (hosts, here)


async def test_what_is_missing_for_a_job_to_run_is_named(live: Live, around: Surroundings):
    findings = await asyncio.to_thread(found, api_checks, around)
    assert findings["API"].level is Level.OK
    assert findings["worker-io"].level is Level.FAIL
    assert findings["worker-io"].mend == "haulage worker --pool io"
    assert findings["dispatcher"].mend == "haulage dispatcher"
