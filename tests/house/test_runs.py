"""`make test` leaves nothing out: its lanes run each group once, whoever takes it."""

import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from tests import run


def group(name: str, program: str = "") -> run.Group:
    return run.Group(name, [sys.executable, "-I", "-S", "-c", program])


def test_two_lanes_run_each_group_once_and_name_those_that_failed(capfd) -> None:
    groups = [group(f"g{number}") for number in range(5)]
    groups.insert(2, group("bad", "raise SystemExit(1)"))
    waiting = deque(groups)
    with ThreadPoolExecutor(2) as pool:
        lanes = [pool.submit(run.run_all, waiting, {"g0"}) for _ in range(2)]
        failed = [name for lane in lanes for name in lane.result()]
    assert failed == ["bad"]
    headings = [line for line in capfd.readouterr().out.splitlines() if line.startswith("──")]
    assert sorted(headings) == sorted(f"── {one.name}" for one in groups)


def test_every_group_has_a_name_of_its_own_and_a_cure_where_something_may_be_missing() -> None:
    groups = [*run.CHECKS, *run.TESTS, *run.EXTRA]
    assert len({one.name for one in groups}) == len(groups)
    assert not [one.name for one in run.EXTRA if one.name != "console" and not one.add]
