"""How a worker is: unwell while its crew is stuck, not ready while its leases are not renewed."""

import pytest

from haulage.engine.vitals import Vitals


class Seconds:
    """A monotonic clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def vitals(seconds: Seconds) -> Vitals:
    return Vitals("worker-io", lease_s=5.0, monotonic=seconds)


def test_one_that_has_not_begun_is_well_and_not_ready(vitals: Vitals) -> None:
    assert vitals.health().ok
    assert not vitals.ready().ok
    assert vitals.ready().document["failing"] == ["leases"]


def test_one_that_beats_is_ready(vitals: Vitals, seconds: Seconds) -> None:
    vitals.beat()
    seconds.now += 4.9
    assert vitals.lease_age_s == pytest.approx(4.9)
    assert vitals.ready() == vitals.ready().__class__(
        True, {"status": "ready", "service": "worker-io", "failing": []}
    )


def test_one_whose_leases_are_not_renewed_is_not_ready_and_a_new_process_would_not_help(
    vitals: Vitals, seconds: Seconds
) -> None:
    vitals.beat()
    seconds.now += 5.0
    assert not vitals.ready().ok
    assert vitals.health().ok
    vitals.beat()
    assert vitals.ready().ok


def test_one_whose_crew_is_stuck_is_unwell(vitals: Vitals) -> None:
    vitals.beat()
    vitals.stuck = True
    assert not vitals.health().ok
    assert vitals.health().document["status"] == "stuck"
    assert vitals.ready().document["failing"] == ["crew"]
