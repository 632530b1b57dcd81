"""One system for all end-to-end tests that leave it as they found it. It ends with the last of
them: an idle one takes a tenth of a core."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from collector import Collector
from live_system import System, Up
from model_server import ModelServer
from poller_processes import Pollers

from bench.task_api import TaskApi, task_api
from haulage.runtime import ports


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    """Where the system sends its spans."""
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="package")
def model() -> Iterator[ModelServer]:
    """What the system knows as `quiet:tiny`."""
    made = ModelServer()
    yield made
    made.close()


@pytest.fixture(scope="package")
def system(
    tmp_path_factory: pytest.TempPathFactory, collector: Collector, model: ModelServer
) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("up")
    with ports.reserve_free() as port:
        metrics = str(port.number)
    variables = {
        "HAULAGE_METRICS_PORT": metrics,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "HAULAGE_PROVIDERS_COMPATIBLE": f"quiet={model.url}",
    }
    with Up(folder / "data", folder / "up.log", **variables) as running:
        running.metrics_port = port.number
        yield running


@pytest.fixture
def api() -> Iterator[TaskApi]:
    """What pollers pull their tasks from."""
    with task_api() as running:
        yield running


@pytest.fixture
def pollers(system: System, api: TaskApi, tmp_path: Path) -> Iterator[Pollers]:
    """Pollers beside the system; none runs yet."""
    started = Pollers(system, api, tmp_path / "poller.log")
    yield started
    started.close()
