"""The run's PostgreSQL: the one that was chosen, and quick to connect to whatever its version."""

import os
import subprocess

import psycopg


def test_the_server_is_the_one_that_was_chosen(servers: dict[str, str]) -> None:
    chosen = os.environ.get("HAULAGE_TEST_POSTGRES")
    with psycopg.connect(servers["database"]) as connection:
        major = connection.info.server_version // 10_000
    if chosen:
        said = subprocess.check_output([f"{chosen}/postgres", "--version"], text=True)
        assert f" {major}." in said
    else:
        assert major == 18


def test_a_password_is_checked_in_one_round(servers: dict[str, str]) -> None:
    with psycopg.connect(servers["database"]) as connection:
        kept = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = current_user")
        [(verifier,)] = kept.fetchall()
    assert verifier.startswith("SCRAM-SHA-256$1:")
