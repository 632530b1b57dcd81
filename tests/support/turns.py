"""Which tests of a run come when, and which of them share something."""

import pytest

# What takes longest begins first, or the run would wait for it alone in the end.
LONGEST = ("chaos", "system", "upgrade", "shutdown", "tutorial", "found by chaos", "bad handlers")


def group_of(item: pytest.Item) -> str | None:
    """The live system, or what else it shares with others, by name."""
    mark = item.get_closest_marker("xdist_group")
    return mark.args[0] if mark else None


def turn_of(group: str | None) -> int:
    if group is None:
        return len(LONGEST) + 1
    return LONGEST.index(group) if group in LONGEST else len(LONGEST)


def asks(item: pytest.Item, fixture: str) -> bool:
    """Whether it has what it needs from `fixture`, by whatever way."""
    return fixture in getattr(item, "fixturenames", ())
