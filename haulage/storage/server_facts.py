"""What `haulage doctor` asks PostgreSQL: version, clock, workers, what durability hangs on.

Blocking, over one connection of its own; changes nothing.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from haulage.domain.errors import Unavailable
from haulage.storage.database import HINT, driver_url

_SETTINGS = (
    "enable_seqscan",
    "fsync",
    "full_page_writes",
    "max_connections",
    "superuser_reserved_connections",
    "synchronous_commit",
)
# As JSON: the tables may be an older version's, with fewer columns.
# What kind of backend another user's is, PostgreSQL tells superusers alone.
_CLIENTS = """
SELECT coalesce(application_name, '') AS name, count(*) AS held FROM pg_stat_activity
WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
  AND pid <> pg_backend_pid()
GROUP BY 1
"""
_LONGEST = "SELECT name, timeout_s FROM job_types ORDER BY timeout_s DESC, name LIMIT 1"
_ENCRYPTED = "SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
_WORKERS = "SELECT row_to_json(workers) AS worker FROM workers WHERE ended_at IS NULL ORDER BY id"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One look at a server.

    `ahead_s`: its clock less this machine's, give or take `ahead_within_s`. `clients` are the
    connections that others hold, by the names that they gave themselves. `workers` are the rows of
    those that have not ended, none where there are no tables yet. `is_encrypted` and `is_superuser`
    are those of the connection that looked.
    """

    version: int
    ahead_s: float
    ahead_within_s: float
    settings: dict[str, str]
    clients: dict[str, int]
    is_encrypted: bool
    is_superuser: bool
    workers: list[dict[str, Any]]

    @property
    def major(self) -> int:
        """Such as 17."""
        return self.version // 10_000


def lends_sessions(url: str, *, connect_timeout_s: int) -> bool:
    """Whether connections that are open at once meet one and the same session of the server: then
    a pooler in transaction mode is in between. Seen nearly always, and never without one.

    Raises `Unavailable`.
    """
    address = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    met: tuple[set[int], set[int]] = (set(), set())
    try:
        with (
            psycopg.connect(
                address, connect_timeout=connect_timeout_s, row_factory=dict_row
            ) as one,
            psycopg.connect(
                address, connect_timeout=connect_timeout_s, row_factory=dict_row
            ) as another,
        ):
            for connection, pids in ((one, met[0]), (another, met[1])) * 3:
                pids.add(_value(connection, "SELECT pg_backend_pid()"))
                connection.rollback()  # with its transaction a connection gives its session back
    except psycopg.Error as error:
        raise Unavailable(str(error), hint=HINT) from error
    return bool(met[0] & met[1])


def look(url: str, *, connect_timeout_s: int) -> ServerFacts:
    """Raises `Unavailable` when the server does not answer or does not let us in."""
    with _asking(url, connect_timeout_s) as connection:
        ahead_s, within_s = _clock(connection)
        return ServerFacts(
            version=connection.info.server_version,
            ahead_s=ahead_s,
            ahead_within_s=within_s,
            settings=_settings(connection),
            clients=_clients(connection),
            is_encrypted=_value(connection, _ENCRYPTED),
            is_superuser=_value(connection, _SUPERUSER),
            workers=_workers(connection),
        )


def longest_limit(url: str, *, connect_timeout_s: int) -> tuple[str, float] | None:
    """The job type whose attempts may take longest, and how long, in seconds; None where no process
    has told of any yet. Raises `Unavailable`."""
    with _asking(url, connect_timeout_s) as connection:
        if _value(connection, "SELECT to_regclass('job_types')") is None:
            return None
        found = connection.execute(_LONGEST).fetchone()
        return None if found is None else (found["name"], found["timeout_s"])


@contextmanager
def _asking(url: str, connect_timeout_s: int) -> Iterator["psycopg.Connection[dict[str, Any]]"]:
    address = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(
            address, connect_timeout=connect_timeout_s, row_factory=dict_row
        ) as connection:
            connection.execute(f"SET LOCAL statement_timeout = {connect_timeout_s * 1000}")
            yield connection
    except psycopg.Error as error:
        said = str(error).strip().splitlines()
        raise Unavailable(said[0] if said else "no answer", hint=HINT) from error


def _clock(connection: "psycopg.Connection[dict[str, Any]]") -> tuple[float, float]:
    before, began = datetime.now(UTC), time.monotonic()
    theirs: datetime = _value(connection, "SELECT clock_timestamp()")
    half_s = (time.monotonic() - began) / 2
    return (theirs - (before + timedelta(seconds=half_s))).total_seconds(), half_s


def _settings(connection: "psycopg.Connection[dict[str, Any]]") -> dict[str, str]:
    found = connection.execute(
        "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(_SETTINGS)]
    )
    return {row["name"]: row["setting"] for row in found}


def _clients(connection: "psycopg.Connection[dict[str, Any]]") -> dict[str, int]:
    return {row["name"]: row["held"] for row in connection.execute(_CLIENTS)}


def _workers(connection: "psycopg.Connection[dict[str, Any]]") -> list[dict[str, Any]]:
    if _value(connection, "SELECT to_regclass('workers')") is None:
        return []
    return [row["worker"] for row in connection.execute(_WORKERS)]


def _value(connection: "psycopg.Connection[dict[str, Any]]", statement: str) -> Any:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return next(iter(row.values()))
