"""What commands of this machine read, with secrets from files."""

import pytest

from haulage.runtime.environment import environment
from haulage.runtime.fault import StartFault


def test_a_secret_stands_where_its_file_was_named(tmp_path, monkeypatch):
    (tmp_path / "url").write_text("redis://:word@h\n")
    monkeypatch.setenv("HAULAGE_REDIS_URL_FILE", str(tmp_path / "url"))
    monkeypatch.delenv("HAULAGE_REDIS_URL", raising=False)

    found = environment()

    assert found["HAULAGE_REDIS_URL"] == "redis://:word@h"
    assert "HAULAGE_REDIS_URL_FILE" not in found


def test_a_file_that_is_not_there_stops_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("HAULAGE_REDIS_URL_FILE", str(tmp_path / "url"))

    with pytest.raises(StartFault, match="HAULAGE_REDIS_URL_FILE"):
        environment()
