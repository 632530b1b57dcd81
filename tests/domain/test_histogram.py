"""Distributions that can be added: how far off their quantiles are."""

from collections import Counter
from random import Random
from statistics import quantiles

import pytest

from haulage.domain.histogram import LAST_SLOT, RELATIVE_ERROR, quantile, seconds_of, slot_of


def test_what_stands_for_a_slot_is_off_by_no_more_than_it_says(random: Random) -> None:
    for _ in range(2_000):
        seconds = 10 ** random.uniform(-4, 7)
        assert seconds_of(slot_of(seconds)) == pytest.approx(seconds, rel=RELATIVE_ERROR + 1e-9)


@pytest.mark.parametrize(("seconds", "slot"), [(-1.0, 0), (0.0, 0), (0.0001, 0), (1e12, LAST_SLOT)])
def test_what_is_out_of_reach_is_in_the_first_or_the_last_slot(seconds: float, slot: int) -> None:
    assert slot_of(seconds) == slot


def test_quantiles_of_a_sum_are_those_of_all_values(random: Random) -> None:
    values = [random.lognormvariate(0, 2) for _ in range(5_000)]
    parts = [Counter(map(slot_of, values[start::7])) for start in range(7)]
    whole = sum(parts, Counter())
    exact = quantiles(values, n=100, method="inclusive")
    for share in (50, 95, 99):
        assert quantile(whole, share / 100) == pytest.approx(exact[share - 1], rel=0.06)


def test_of_nothing_there_is_no_quantile() -> None:
    assert quantile({}, 0.5) is None
