"""Databases that a test may migrate, since they are its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from haulage.storage import migrate
from tests.storage.migrating import Ahead
from tests.support.databases import made


@pytest.fixture
def empty_url(servers: dict[str, str], worker_number: int) -> Iterator[str]:
    """A database without tables."""
    with made(servers["database"], f"empty_{worker_number}") as url:
        yield url


@pytest.fixture(scope="module")
def pattern(servers: dict[str, str], worker_number: int) -> Iterator[str]:
    """The name of a database with this version's tables, to which nobody is connected."""
    name = f"pattern_{worker_number}"
    with made(servers["database"], name) as url:
        migrate.migrate(url)
        yield name


@pytest.fixture
def own_url(servers: dict[str, str], worker_number: int, pattern: str) -> Iterator[str]:
    """A database with this version's tables, to be migrated further."""
    with made(servers["database"], f"own_{worker_number}", like=pattern) as url:
        yield url


@pytest.fixture
def ahead(tmp_path: Path) -> Ahead:
    """A version that is ahead of this one."""
    folder = tmp_path / "ahead"
    folder.mkdir()
    return Ahead(folder)
