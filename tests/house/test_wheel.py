"""A release has the console in it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_console_is_built_before_the_wheel() -> None:
    # As if the console's document had changed; nothing is run.
    planned = subprocess.run(
        ["make", "--dry-run", "-W", "console/index.html", "wheel"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert 0 < planned.index("tools/console.py build") < planned.index("pip wheel")
