"""One running system that knows the examples' job types."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_system import System, Up

EXAMPLES = Path(__file__).parents[2] / "examples"
HANDLERS = ["retries", "fan_out", "files", "long_jobs", "cancelling", "models"]


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("examples")
    files = [str(EXAMPLES / "how_to" / f"{name}.py") for name in HANDLERS]
    files.append(str(EXAMPLES / "orders" / "invoices.py"))
    with Up(folder / "data", folder / "up.log", handlers=files) as running:
        yield running


def environment(system: System) -> dict[str, str]:
    """What an application beside the system is started with."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HAULAGE_", "PYTEST_"))}
    return {
        **clean,
        "HAULAGE_URL": system.ready["url"],
        "DATABASE_URL": system.ready["database_url"],
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run(system: System, *command: str, folder: Path) -> str:
    """Run a Python program to its end; what it printed."""
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment(system),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
