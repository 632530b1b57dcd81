"""Databases of a test's own, beside the one that is emptied for everybody."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


@contextmanager
def made(server: str, name: str, *, like: str = "template1") -> Iterator[str]:
    """The URL of a new database on `server`, a copy of `like`; it is dropped at the end."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[arg-type]
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}")  # type: ignore[arg-type]
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
