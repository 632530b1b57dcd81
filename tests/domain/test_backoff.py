"""Delays grow, spread and stay bounded."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haulage.domain.backoff import Backoff

seconds = st.floats(min_value=0, max_value=1e6)
backoffs = st.builds(
    Backoff,
    base_s=seconds,
    factor=st.floats(min_value=1, max_value=1000),
    max_s=seconds,
    jitter=st.floats(min_value=0, max_value=1),
)


@given(backoffs, st.integers(min_value=-5, max_value=10**9), st.integers())
def test_a_delay_is_never_negative_and_never_above_its_maximum(
    backoff: Backoff, attempt: int, seed: int
) -> None:
    assert 0 <= backoff.delay_s(attempt, Random(seed)) <= backoff.max_s


@given(backoffs, st.integers(min_value=1, max_value=100), st.integers())
def test_jitter_moves_a_delay_by_no_more_than_its_share(
    backoff: Backoff, attempt: int, seed: int
) -> None:
    middle = min(backoff.base_s * backoff.factor ** min(attempt - 1, 64), backoff.max_s)
    delay_s = backoff.delay_s(attempt, Random(seed))
    low, high = middle * (1 - backoff.jitter), middle * (1 + backoff.jitter)
    assert low * (1 - 1e-9) <= delay_s <= high * (1 + 1e-9)


def test_without_jitter_the_default_doubles_from_two_seconds() -> None:
    backoff = Backoff(jitter=0)
    assert [backoff.delay_s(attempt, Random(0)) for attempt in (1, 2, 3, 9, 10, 99)] == [
        2,
        4,
        8,
        512,
        600,
        600,
    ]


def test_a_storm_of_retries_is_spread() -> None:
    random = Random(7)
    delays = {Backoff().delay_s(3, random) for _ in range(100)}
    assert len(delays) == 100
    assert max(delays) - min(delays) > 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_s": -1},
        {"factor": 0.5},
        {"max_s": -1},
        {"jitter": 1.5},
        {"jitter": -0.1},
        {"base_s": float("nan")},
        {"factor": float("inf")},
    ],
)
def test_impossible_numbers_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="backoff needs"):
        Backoff(**wrong)
