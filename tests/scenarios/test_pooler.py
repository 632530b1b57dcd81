"""PgBouncer from Debian in transaction mode: what the doctor says of it."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from haulage.cli.checkup.findings import Finding, Level
from haulage.cli.checkup.pooler import DIRECT, pooler_checks
from haulage.runtime import ports
from haulage.runtime.postgres import Postgres
from haulage.runtime.process import Process, await_ready
from haulage.storage.server_facts import look
from scenarios import pooler

CHOSEN = "HAULAGE_TEST_SCENARIOS"
pytestmark = pytest.mark.skipif(not os.environ.get(CHOSEN), reason=f"{CHOSEN} is not set")


@dataclass(frozen=True)
class Servers:
    direct_url: str
    pooled_url: str


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    # Under root both servers become somebody else, who passes through no folder of pytest's.
    folder = Path("/tmp") / f"haulage-pooler-{os.getpid()}"
    folder.mkdir(mode=0o711)
    try:
        with (
            Postgres.start(folder / "postgres", durable=False) as postgres,
            ports.claim(None) as port,
        ):
            spec = pooler.pgbouncer(folder / "pgbouncer", port.number, postgres.url)
            process = Process(spec, folder / "log")
            try:
                await_ready(process)
                yield Servers(postgres.url, pooler.url(postgres.url, port.number))
            finally:
                process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def found(url: str, direct_url: str | None = None) -> Finding | None:
    facts = look(url, connect_timeout_s=5)
    return next(pooler_checks(url, facts, direct_url=direct_url), None)


def test_without_a_pooler_nothing_is_said(servers: Servers) -> None:
    assert found(servers.direct_url) is None


def test_a_pooler_that_nobody_mentioned_is_a_failure(servers: Servers) -> None:
    finding = found(servers.pooled_url)
    assert finding is not None
    assert finding.level is Level.FAIL
    assert DIRECT in finding.mend


def test_a_pooler_with_the_server_named_beside_it_is_well(servers: Servers) -> None:
    finding = found(servers.pooled_url, servers.direct_url)
    assert finding is not None
    assert finding.level is Level.OK


def test_a_direct_url_that_is_none_is_a_failure(servers: Servers) -> None:
    finding = found(servers.pooled_url, servers.pooled_url)
    assert finding is not None
    assert finding.level is Level.FAIL
