"""One client in two colours."""

from pathlib import Path

import pytest

from tools.blocking_client import TARGET, faces


def test_the_blocking_face_is_made_from_the_awaited_one() -> None:
    made = {path.name: path.read_text() for path in sorted(TARGET.glob("*.py"))}
    assert made == faces(), "run: python tools/blocking_client.py"


@pytest.mark.parametrize("path", sorted(TARGET.glob("*.py")), ids=lambda path: path.name)
def test_nothing_of_the_blocking_face_awaits(path: Path) -> None:
    words = path.read_text().partition("\n")[2]
    assert not [word for word in ("async", "await", "Async") if word in words]
