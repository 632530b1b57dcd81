"""`haulage files` against the real API."""

import os
from pathlib import Path

import pytest

from tests.api.live import Live
from tests.cli.live.conftest import Haulage, read_lines


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that commands run in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def test_files_are_uploaded_shown_and_fetched(live: Live, haulage: Haulage, here: Path):
    for name, text in (("one.txt", "a letter"), ("two.txt", "another")):
        (here / name).write_text(text)
    one, two = (await haulage("files", "upload", "one.txt", "two.txt")).stdout.split()
    shown = read_lines(await haulage("files", "show", two, "-o", "json"))[0]
    assert (shown["id"], shown["name"], shown["size"]) == (two, "two.txt", 7)
    (here / "one.txt").unlink()
    missing = await haulage("files", "upload", "two.txt", "one.txt", exits=2)
    assert (missing.stdout, "there is no file one.txt" in missing.stderr) == ("", True)
    done = await haulage("files", "download", one)
    assert done.stdout == "one.txt\n"
    assert (here / "one.txt").read_text() == "a letter"


async def test_a_download_replaces_nothing_unless_told_to(live: Live, haulage: Haulage, here: Path):
    (here / "a.txt").write_text("theirs")
    (file_id,) = (await haulage("files", "upload", "a.txt")).stdout.split()
    (here / "a.txt").write_text("mine")
    refused = await haulage("files", "download", file_id, exits=2)
    assert "--force" in refused.stderr
    assert (here / "a.txt").read_text() == "mine"
    await haulage("files", "download", file_id, "--force")
    assert (here / "a.txt").read_text() == "theirs"


async def test_an_unknown_file_leaves_nothing_behind(live: Live, haulage: Haulage, here: Path):
    done = await haulage("files", "download", "no-such-file", "--to", "x", exits=1)
    assert "Not found" in done.stderr
    assert os.listdir(here) == []
