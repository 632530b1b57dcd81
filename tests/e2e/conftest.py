"""One system for all end-to-end tests that leave it as they found it."""

from collections.abc import Iterator

import pytest
from live_system import System, Up

from haulage.runtime import ports


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("up")
    with ports.reserve_free() as port:
        metrics = str(port.number)
    with Up(folder / "data", folder / "up.log", HAULAGE_METRICS_PORT=metrics) as running:
        running.metrics_port = port.number
        yield running
