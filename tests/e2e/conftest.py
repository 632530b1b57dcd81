"""One system for all end-to-end tests that leave it as they found it."""

from collections.abc import Iterator

import pytest
from live_system import System, Up


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("up")
    with Up(folder / "data", folder / "up.log") as running:
        yield running
