"""The run's PostgreSQL: the one that was chosen, and quick to connect to whatever its version."""

import os
from pathlib import Path

import psycopg


def test_the_server_is_the_one_that_was_chosen(servers: dict[str, str]) -> None:
    chosen = os.environ.get("HAULAGE_TEST_POSTGRES")
    with psycopg.connect(servers["database"]) as connection:
        version = connection.info.server_version // 10_000
    # Debian's packages have the version in the name of the folder.
    assert version == (int(Path(chosen).parent.name) if chosen else 18)


def test_a_password_is_checked_in_one_round(servers: dict[str, str]) -> None:
    with psycopg.connect(servers["database"]) as connection:
        kept = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = current_user")
        [(verifier,)] = kept.fetchall()
    assert verifier.startswith("SCRAM-SHA-256$1:")
