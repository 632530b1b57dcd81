"""Worn scans by Tesseract, where the system has its language data: the group `tesseract`."""

import os
from difflib import SequenceMatcher

import pytest
from newspaper_scans import MARKET, market

from haulage.documents.layout import RuleLayout
from haulage.documents.ocr import Recogniser, is_speckled, turned
from haulage.documents.tesseract import Tesseract

pytestmark = pytest.mark.skipif(
    os.environ.get("HAULAGE_TEST_TESSERACT") != "1", reason="the group `tesseract` runs them"
)
BODY = MARKET["body"].strip()


def read(raster, **more):
    printed = Recogniser(engines=["tesseract"], **more).read(raster, 1)
    # Where the page is askew, a piece of the date line is in the picture too.
    return max(RuleLayout().articles(printed).articles, key=lambda one: len(one.body))


def alike(text: str) -> float:
    return SequenceMatcher(None, text, BODY, autojunk=False).ratio()


@pytest.mark.parametrize(
    "wear",
    [{}, {"dpi": 110}, {"dpi": 300}, {"noise": 20}, {"blur": 1.0}, {"skew": 2.0}, {"skew": -2.0},
     {"show_through": 0.3}],
    ids=str,
)  # fmt: skip
def test_a_worn_scan_is_read_with_hardly_an_error(wear):
    article = read(market(**wear))

    assert (article.title, article.subtitle) == (MARKET["title"], MARKET["subtitle"])
    assert alike(article.body) > 0.99


def test_specks_that_silence_tesseract_are_taken_away_first():
    speckled = market(specks=0.04)
    silenced = " ".join(line.text for line in Tesseract(["ita"]).read(speckled).lines)

    assert is_speckled(speckled)
    assert alike(silenced) < 0.9
    assert alike(read(speckled).body) > 0.95


def test_the_back_that_shines_through_is_taken_away_and_costs_no_second_engine():
    worn = market(show_through=0.8)
    confused = " ".join(line.text for line in Tesseract(["ita"]).read(worn).lines)

    assert alike(confused) < 0.9
    assert alike(read(worn).body) > 0.99


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_on_its_side_or_its_head_is_turned(quarters):
    assert alike(read(turned(market(), quarters)).body) > 0.99


def test_a_language_without_data_leaves_those_with_data():
    assert alike(read(market(), languages=["xx"]).body) > 0.98


def test_accents_are_kept_where_several_languages_could_be_meant():
    assert "promesso una nuova tettoia, che però aspetta da due anni" in read(market()).body
