"""A release has the console in it, and says that it is typed."""

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


def test_type_checkers_of_those_who_use_it_read_its_annotations() -> None:
    # Without the marker they take every name for an unknown one (PEP 561).
    assert (ROOT / "haulage" / "py.typed").is_file()
