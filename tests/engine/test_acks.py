"""An acknowledgement must not wait for Celery's hub to wake from its poll.

With the prefetch full no message comes that would wake it, so each job would take a second.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from live_system import until

from haulage.domain.clock import SystemClock
from haulage.engine.celery_app import TASK, make_celery
from haulage.settings import load
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from tests.factories import queued, services_on

JOBS = 30
SECONDS = 0.02


@pytest.fixture
def one_slot(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings of an io worker that runs one job at a time and takes one message ahead."""
    env = {
        "HAULAGE_DATABASE_URL": database_url,
        "HAULAGE_REDIS_URL": redis_url,
        "HAULAGE_BLOB_URL": str(tmp_path / "blobs"),
    }
    inherited = {name: value for name, value in os.environ.items() if name[:8] != "HAULAGE_"}
    log = tmp_path / "worker.log"
    with log.open("wb") as written:
        worker = subprocess.Popen(
            [sys.executable, "-m", "haulage", "worker", "--pool", "io", "-c", "1"],
            env={**inherited, **env, "HAULAGE_ENGINE_SHUTDOWN_S": "0"},
            stdout=written,
            stderr=written,
        )
    try:
        with psycopg.connect(database_url, autocommit=True) as connection:
            until(
                lambda: count(connection, "SELECT count(*) FROM workers") or died(worker, log), 60
            )
        yield env
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0, log.read_text()[-4000:]


def count(connection: psycopg.Connection, statement: str) -> int:
    found = connection.execute(statement).fetchone()
    assert found is not None
    return int(found[0])


def died(worker: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert worker.poll() is None, log.read_text()[-4000:]
    return False


async def test_with_the_prefetch_full_jobs_follow_each_other_at_once(
    one_slot: dict[str, str], database: Database, blobs: Blobs
) -> None:
    services = services_on(database, blobs, SystemClock())
    ids = [
        await queued(services, type="sleep", input=f'{{"seconds":{SECONDS}}}') for _ in range(JOBS)
    ]
    app = make_celery(load(one_slot))
    for job_id in ids:
        app.send_task(TASK, args=([str(job_id)],), queue="io")
    with psycopg.connect(one_slot["HAULAGE_DATABASE_URL"], autocommit=True) as connection:
        done = "SELECT count(*) FROM jobs WHERE state = 'succeeded'"
        until(lambda: count(connection, done) > 0, 30)
        began = time.monotonic()
        until(lambda: count(connection, done) == JOBS, 60)
        spent_s = time.monotonic() - began
    app.close()
    assert spent_s < JOBS * 0.2
