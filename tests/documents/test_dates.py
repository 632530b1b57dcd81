"""Dates in mastheads and file names."""

from datetime import date

import pytest

from haulage.documents.dates import date_of_name, printed_date

DAY = date(1950, 5, 12)


@pytest.mark.parametrize(
    "line",
    [
        "Venerdì 12 maggio 1950",
        "PORTOLIEVE, VENERDÌ 12 MAGGIO 1950",
        "Vendredi 12 mai 1950",
        "Friday, May 12, 1950",
        "Freitag, den 12. Mai 1950",
        "viernes 12 de mayo de 1950",
        "12 maggio 1950",
    ],
)
def test_a_printed_date_is_read_in_five_languages(line):
    assert printed_date([line]) == DAY


def test_the_first_of_a_month_is_written_in_its_own_way():
    assert printed_date(["1º giugno 1950"]) == printed_date(["1er juin 1950"]) == date(1950, 6, 1)


def test_a_date_whose_weekday_disagrees_is_not_believed():
    assert printed_date(["Venerdì 12 maggio 1930"]) is None


def test_a_day_that_no_month_has_is_no_date():
    assert printed_date(["31 febbraio 1950"]) is None


@pytest.mark.parametrize(
    "name",
    ["giornale_1950-05-12_p1.png", "19500512.pdf", "corriere 12.05.1950.tif", "a_1950_05_12.pdf"],
)
def test_the_date_of_a_file_name_is_read_year_first_or_last(name):
    assert date_of_name(name) == DAY


@pytest.mark.parametrize("name", ["scan_195005123.png", "p12.pdf", "1950-13-40.pdf", "1950-02-31"])
def test_a_number_that_is_no_date_is_none(name):
    assert date_of_name(name) is None
