"""What `haulage doctor` asks PostgreSQL: version, clock, workers, what durability hangs on.

Blocking, over one connection of its own; changes nothing.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from haulage.domain.errors import Unavailable
from haulage.storage.database import HINT, driver_url

_SETTINGS = ("fsync", "full_page_writes", "max_connections", "synchronous_commit")
# As JSON: the tables may be an older version's, with fewer columns.
_WORKERS = "SELECT row_to_json(workers) AS worker FROM workers WHERE ended_at IS NULL ORDER BY id"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """One look at a server.

    `ahead_s`: its clock less this machine's, give or take `ahead_within_s`. `workers` are the rows
    of those that have not ended, none where there are no tables yet.
    """

    version: int
    ahead_s: float
    ahead_within_s: float
    settings: dict[str, str]
    connections: int
    workers: list[dict[str, Any]]

    @property
    def major(self) -> int:
        """Such as 17."""
        return self.version // 10_000


def look(url: str, *, connect_timeout_s: int) -> ServerFacts:
    """Raises `Unavailable` when the server does not answer or does not let us in."""
    address = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(
            address, connect_timeout=connect_timeout_s, row_factory=dict_row
        ) as connection:
            connection.execute(f"SET statement_timeout = {connect_timeout_s * 1000}")
            ahead_s, within_s = _clock(connection)
            return ServerFacts(
                version=connection.info.server_version,
                ahead_s=ahead_s,
                ahead_within_s=within_s,
                settings=_settings(connection),
                connections=_value(connection, "SELECT count(*) FROM pg_stat_activity"),
                workers=_workers(connection),
            )
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


def _workers(connection: "psycopg.Connection[dict[str, Any]]") -> list[dict[str, Any]]:
    if _value(connection, "SELECT to_regclass('workers')") is None:
        return []
    return [row["worker"] for row in connection.execute(_WORKERS)]


def _value(connection: "psycopg.Connection[dict[str, Any]]", statement: str) -> Any:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return next(iter(row.values()))
