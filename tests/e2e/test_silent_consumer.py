"""A worker whose consumer has fallen silent notices it by its canary and makes room for another."""

from collections.abc import Iterator

import pytest
from celery import Celery
from live_system import System, Up, until

from haulage.engine.celery_app import make_celery
from haulage.settings import load

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("silent consumer")]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("silent-consumer")
    with Up(
        folder / "data",
        folder / "up.log",
        HAULAGE_ENGINE_CANARY_S="0.5",
        HAULAGE_ENGINE_CANARY_SILENCE_S="4",
        HAULAGE_ENGINE_SHUTDOWN_S="1",
    ) as running:
        yield running


@pytest.fixture
def app(system: System) -> Iterator[Celery]:
    made = make_celery(load({"HAULAGE_REDIS_URL": system.ready["redis_url"]}))
    yield made
    made.close()


@pytest.mark.parametrize(("pool", "type"), [("io", "sleep"), ("cpu", "crew.nap")])
def test_a_worker_that_hears_no_canary_stops_and_gives_its_jobs_back(
    system: System, app: Celery, pool: str, type: str
) -> None:
    job = system.client.submit(type, {"seconds": 60})
    system.until_state(job.id, "running")
    before = system.query("SELECT id FROM workers WHERE pool = %s AND ended_at IS NULL", pool)
    queues = app.control.inspect(timeout=10, limit=2).active_queues() or {}
    [(name, nest)] = [
        (worker, queue["name"])
        for worker, consumed in queues.items()
        for queue in consumed
        if worker.startswith(pool) and queue["name"].startswith("haulage.canary.")
    ]
    app.control.cancel_consumer(nest, destination=[name])

    def replaced() -> bool:
        now = system.query("SELECT id FROM workers WHERE pool = %s AND ended_at IS NULL", pool)
        return bool(now) and now != before

    until(replaced, within_s=60)
    again = system.until_state(job.id, "running")
    assert again.attempt == 1
    history = system.query("SELECT data->>'reason' FROM events WHERE job_id = %s", job.id)
    assert ("given_back",) in history
    system.client.cancel(job.id)
    assert system.until_ended(job.id).state == "cancelled"
