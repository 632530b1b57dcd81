"""`haulage keys` on a real database."""

import os
import stat
from pathlib import Path

import pytest

from haulage.accounts.secret import is_key


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("HAULAGE_DATABASE_URL", database_url)
    monkeypatch.setenv("HAULAGE_DATA", str(tmp_path / "data"))


def test_the_first_key_comes_from_the_command_line(run, json_lines):
    done = run("keys", "create", "--name", "ops", "--scope", "admin", "-o", "json")
    (made,) = json_lines(done)
    assert is_key(made["key"])
    assert (made["tenant"], made["scopes"]) == ("default", ["admin"])
    listed = run("keys", "list", "-o", "json")
    assert [one["id"] for one in json_lines(listed)] == [made["id"]]
    assert made["key"] not in listed.stdout


def test_a_key_is_replaced_and_revoked(run, json_lines):
    (old,) = json_lines(run("keys", "create", "--name", "a", "--scope", "read", "-o", "json"))
    (new,) = json_lines(run("keys", "rotate", old["id"], "-o", "json"))
    assert new["replaces"] == old["id"]
    (ended,) = json_lines(run("keys", "revoke", old["id"], "--yes", "-o", "json"))
    assert ended["revoked_at"]
    assert run("keys", "rotate", old["id"]).exit_code == 1


def test_a_key_in_a_file_is_private_and_made_once(run, json_lines, tmp_path: Path):
    file = tmp_path / "admin.key"
    command = ("keys", "create", "--name", "up", "--scope", "admin", "--file", str(file))
    first = run(*command)
    key = file.read_text().strip()
    assert is_key(key)
    assert key not in first.stdout + first.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.stat()
    assert run(*command).exit_code == 0
    assert file.read_text().strip() == key
    assert file.stat().st_ino == written.st_ino, "it may be a secret that can't be written"
    (only,) = json_lines(run("keys", "list", "-o", "json"))
    run("keys", "revoke", only["id"], "--yes")
    run(*command)
    assert file.read_text().strip() != key, "a revoked key is not revived"


def test_a_user_without_a_name_can_make_keys(run, json_lines, monkeypatch):
    """As in a container that runs under a number."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_001)

    (made,) = json_lines(run("keys", "create", "--name", "x", "--scope", "read", "-o", "json"))

    assert made["created_by"] == "command line of user 2000000001"


def test_a_file_that_holds_something_else_is_left_alone(run, tmp_path: Path):
    file = tmp_path / "thesis.txt"
    file.write_text("my thesis")
    done = run("keys", "create", "--name", "x", "--scope", "read", "--file", str(file))
    assert done.exit_code == 1
    assert file.read_text() == "my thesis"


def test_without_a_database_it_says_where_one_would_be(run, monkeypatch):
    monkeypatch.delenv("HAULAGE_DATABASE_URL")
    done = run("keys", "list")
    assert done.exit_code == 1
    assert "HAULAGE_DATABASE_URL" in done.stderr
