"""How quickly a worker gets through its jobs, by what it counted."""

from haulage.engine.pace import Pace


def test_the_first_look_knows_no_pace() -> None:
    assert Pace().since({"io": 500}, 10.0) == {}


def test_it_is_what_was_added_since_the_last_look() -> None:
    pace = Pace()
    pace.since({"io": 500, "rare": 7}, 10.0)
    assert pace.since({"io": 1500, "rare": 7, "new": 3}, 12.0) == {"io": 500.0, "new": 1.5}


def test_two_looks_in_one_moment_say_nothing() -> None:
    pace = Pace()
    pace.since({"io": 500}, 10.0)
    assert pace.since({"io": 900}, 10.0) == {}
