"""Small files, neutral locks, and nothing in the tree that names a machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {ROOT / "console" / "src" / "api" / "schema.d.ts"}
LIMITS = {".py": 300, ".lua": 300, ".ts": 250, ".tsx": 250, ".css": 250}


def tracked() -> list[Path]:
    """The files of the project: what git tracks, or all of them where there is no git."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"],
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name]
    left_out = {".venv", "node_modules", "__pycache__"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not left_out & set(path.parts)]


def test_no_file_of_code_is_longer_than_its_limit() -> None:
    too_long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix in LIMITS
        and path not in GENERATED
        and path.exists()
        and (lines := len(path.read_text().splitlines())) > LIMITS[path.suffix]
    }
    assert not too_long


@pytest.mark.parametrize(
    "lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.name
)
def test_a_lock_names_versions_and_hashes_but_no_index(lock: Path) -> None:
    text = lock.read_text()
    assert "--hash=sha256:" in text
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links)\b", text, re.M)
    assert "://" not in text
    unpinned = [
        line
        for line in text.splitlines()
        if line and not line.startswith(("#", " ", "-")) and "==" not in line
    ]
    assert not unpinned


def test_an_npm_lock_has_no_download_addresses() -> None:
    for lock in ROOT.glob("console/package-lock.json"):
        assert '"resolved"' not in lock.read_text()


def test_no_file_names_a_registry_or_a_machines_folder() -> None:
    forbidden = re.compile(
        "|".join(
            (
                "py" + "pi" + r"\.org",
                "pythonhosted" + r"\.org",
                "registry" + r"\.npmjs",
                "/wo" + "rk/",
                "/ro" + "ot/",
            )
        )
    )
    found = {}
    for path in tracked():
        try:
            match = forbidden.search(path.read_text())
        except (UnicodeDecodeError, OSError):
            continue
        if match:
            found[str(path.relative_to(ROOT))] = match.group()
    assert not found
