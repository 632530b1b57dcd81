"""Series as a terminal draws them."""

import pytest

from haulage.cli.charts import drawn, gathered, top_of


def test_a_column_of_the_top_fills_its_height_and_half_of_it_half():
    assert drawn([8.0, 4.0, 0.0, None], height=2, top=8.0) == ["█   ", "██  "]


def test_what_is_more_than_nothing_is_seen():
    assert drawn([0.001], height=1, top=1_000) == ["▁"]


def test_neighbours_are_gathered_until_they_fit():
    assert gathered([1, 2, 3, 4, 5], 3, sum) == [3, 7, 5]
    assert gathered([None, 2, None, None], 2, max) == [2, None]


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (0.03, 0.05), (1, 1), (1.1, 2), (7, 10), (400, 500), (501, 1000)]
)
def test_the_top_is_a_round_number_that_nothing_exceeds(highest: float, top: float):
    assert top_of([highest, None]) == pytest.approx(top)
