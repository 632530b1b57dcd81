"""What `haulage up` says beside where everything is."""

from pathlib import Path

import pytest

from haulage.api import console_files
from haulage.cli import up
from haulage.runtime.datafolder import Ready

READY = Ready("http://127.0.0.1:8700", "postgresql://", "redis://", "/data", {})


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the console would lie; it is not there."""
    monkeypatch.setattr(console_files, "DIST", tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    up.welcome(READY, 1.0)
    up.tell_of_missing_console()
    return capsys.readouterr()


def test_a_missing_console_is_told_with_what_mends_it(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = told(capsys)
    assert "not in this installation" in out
    assert "The console is not built" in err
    assert "make console" in err


def test_nothing_is_told_of_a_console_that_is_there(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "assets").mkdir()
    (files / "index.html").write_text("<html>")
    out, err = told(capsys)
    assert f"Console        {READY.url}" in out
    assert "console" not in err
