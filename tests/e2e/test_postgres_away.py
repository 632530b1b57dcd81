"""PostgreSQL is gone for longer than a lease: what runs goes on and settles when it is back."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_system import System, Up, lines, until
from scrape_targets import standing, targets

from haulage.client import ApiError
from haulage.runtime import ports
from haulage.runtime.postgres import Postgres
from haulage.runtime.process import Process, await_ready

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("postgres away")]
LEASE_S = 3.0


class Server:
    """A PostgreSQL that a test stops, without a goodbye, and starts again."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.postgres = Postgres.prepare(folder, port=port)
        self.postgres.initialise(folder / "postgres.log")
        self.start()

    def start(self) -> None:
        self._process = Process(self.postgres.spec, self._folder / "postgres.log")
        await_ready(self._process)

    def stop(self) -> None:
        self._process.signal(signal.SIGQUIT)
        assert self._process.wait(30)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with ports.claim(None) as port:
        made = Server(tmp_path_factory.mktemp("postgres-away") / "postgres", port.number)
        yield made
        made.stop()


@pytest.fixture
def system(server: Server, tmp_path: Path) -> Iterator[System]:
    with ports.reserve_free() as metrics:
        pass
    with Up(
        tmp_path / "data",
        tmp_path / "up.log",
        HAULAGE_METRICS_PORT=str(metrics.number),
        HAULAGE_DATABASE_URL=server.postgres.url,
        HAULAGE_ENGINE_LEASE_S=str(LEASE_S),
        HAULAGE_ENGINE_HEARTBEAT_S="0.4",
    ) as running:
        running.metrics_port = metrics.number
        yield running


def test_handlers_go_on_without_postgresql_and_settle_when_it_is_back(
    system: System, server: Server, tmp_path: Path
) -> None:
    witnesses = {name: tmp_path / name for name in ("ends", "ends in a child", "runs on", "steps")}
    for witness in witnesses.values():
        witness.touch()

    def submit(type: str, name: str, **given: float) -> object:
        return system.client.submit(type, {"witness": str(witnesses[name]), **given}).id

    # Two end while PostgreSQL is away, one runs on after it came back, one stores steps meanwhile.
    jobs = [
        submit("crew.tick", "ends", seconds=5),
        submit("crew.tock", "ends in a child", seconds=5),
        submit("crew.tick", "runs on", seconds=8),
        submit("crew.steps", "steps", steps=6, seconds=0.5),
    ]
    for witness in witnesses.values():
        until(lambda: "start" in lines(witness))  # noqa: B023 - awaited before the next one
    processes = targets(system)
    assert set(processes) == {"api", "worker-io", "worker-cpu", "dispatcher"}
    assert {standing(url, "/ready") for url in processes.values()} == {200}
    server.stop()
    with pytest.raises(ApiError):
        system.client.submit("echo", {"value": 1})
    # Each process says so; none of them is to be killed for it.
    until(lambda: {standing(url, "/ready") for url in processes.values()} == {503})
    assert {standing(url, "/health") for url in processes.values()} == {200}
    for name in ("ends", "ends in a child"):
        until(lambda: "tick 49" in lines(witnesses[name]))  # noqa: B023 - awaited at once
    server.start()
    assert {system.until_ended(job).state for job in jobs} == {"succeeded"}
    until(lambda: {standing(url, "/ready") for url in processes.values()} == {200})
    assert [lines(witness).count("start") for witness in witnesses.values()] == [1, 1, 1, 1]
    assert system.query("SELECT DISTINCT attempt, fence, crashes FROM jobs") == [(1, 1, 0)]
