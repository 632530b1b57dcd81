"""Systems on brokers from Debian's packages: `tests/run.py` runs these tests as a group of their
own where they are installed, and says how to add them where not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from broker_servers import Certificates, make_certificates
from live_system import System, Up


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def system_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., AbstractContextManager[System]]:
    """A whole system with these settings."""

    @contextmanager
    def start(**env: str) -> Iterator[System]:
        folder = tmp_path_factory.mktemp("up")
        with Up(folder / "data", folder / "up.log", **env) as running:
            yield running

    return start


@pytest.fixture
def witness(tmp_path: Path) -> Path:
    path = tmp_path / "witness"
    path.touch()
    return path
