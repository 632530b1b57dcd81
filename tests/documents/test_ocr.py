"""Scans become text, on any machine: with the models that come in a wheel."""

from difflib import SequenceMatcher

import pytest
from newspaper_scans import MARKET, front, market
from PIL import Image, ImageDraw

from haulage.documents.ink import ink_of, skew_of
from haulage.documents.layout import BLANK, PICTURES, RuleLayout
from haulage.documents.ocr import NoEngine, Recogniser, Unreadable, straightened
from haulage.documents.print import Line
from haulage.documents.raster import Raster


@pytest.fixture
def rapid() -> Recogniser:
    return Recogniser(engines=["rapidocr"])


def alike(read: str, wanted: str) -> float:
    return SequenceMatcher(None, read, wanted, autojunk=False).ratio()


def test_an_article_is_read_without_anything_of_the_system(rapid):
    printed = rapid.read(market(noise=10), 1)
    (article,) = RuleLayout().articles(printed).articles

    assert printed.source == "rapidocr"
    assert (article.title, article.subtitle) == (MARKET["title"], MARKET["subtitle"])
    assert alike(article.body, MARKET["body"].strip()) > 0.99


def test_a_blank_page_is_told_without_reading_it(rapid):
    paper = Image.effect_noise((600, 800), 12).point(lambda grey: grey + 90)

    with pytest.raises(Unreadable, match=f"^{BLANK}$"):
        rapid.read(Raster(paper, 200), 1)


def test_a_page_that_is_a_picture_says_so(rapid):
    page = Image.new("L", (600, 800), 235)
    ImageDraw.Draw(page).ellipse((100, 150, 500, 600), fill=40)

    with pytest.raises(Unreadable, match=PICTURES):
        rapid.read(Raster(page, 200), 1)


def test_without_any_engine_the_cure_is_said():
    with pytest.raises(NoEngine, match=r"pip install 'haulage\[ocr\]'"):
        Recogniser(engines=[]).read(market(), 1)


@pytest.mark.parametrize("degrees", [-2.0, -0.5, 0.5, 2.0])
def test_a_page_askew_is_set_straight(degrees):
    askew = front(skew=degrees, dpi=150)

    assert skew_of(askew) == pytest.approx(-degrees, abs=0.3)
    assert abs(skew_of(straightened(askew))) <= 0.3


def test_ink_that_no_line_accounts_for_is_noticed():
    ink = ink_of(market())
    whole = Line("all of it", 0, 0, 1000, 1000, 10)
    half = Line("the upper half", 0, 0, 1000, 75, 10)

    assert ink.coverage([whole]) == 1.0
    assert ink.coverage([half]) < 0.7
    assert ink.coverage([]) == 0.0
