"""Which lines of a page belong together."""

import pytest
from PIL import Image, ImageChops, ImageDraw

from examples.make_newspaper import make_newspaper, truth
from haulage.documents.layout import ADVERTISEMENT, BLANK, PICTURES, RuleLayout
from haulage.documents.print import Line, PrintedPage
from haulage.documents.sheets import open_sheets

LAYOUT = RuleLayout()
PROSE = "il vento girava piano sul porto e le barche stavano ferme"


def line(text, left, top, *, size=10.0, width=200.0, **style):
    return Line(text, left, top, left + width, top + size, size, **style)


def column(left, top, rows, *, start=0, width=200.0):
    """Running text; every line is another."""
    return [
        line(f"{PROSE} {start + row}", left, top + 12 * row, width=width) for row in range(rows)
    ]


def page(*lines, pictures=False):
    return PrintedPage(1, 700.0, 900.0, tuple(lines), pictures=pictures)


def title(text, left, top, *, width=200.0, size=20.0):
    return line(text, left, top, size=size, width=width)


@pytest.fixture(scope="module")
def paper():
    with open_sheets(make_newspaper()) as sheets:
        return [LAYOUT.articles(sheets.printed(number)) for number in (1, 2, 3, 4)]


def test_every_article_of_the_example_is_found_whole(paper):
    for found, wanted in zip(paper, truth()["pages"], strict=True):
        assert [(one.title, one.subtitle, one.author, one.body) for one in found.articles] == [
            (one["title"], one["subtitle"], one["author"], one["body"])
            for one in wanted["articles"]
        ]


def test_advertisements_and_blank_pages_are_skipped_with_that_reason(paper):
    assert [found.reason for found in paper] == ["", "", ADVERTISEMENT, BLANK]


def test_masthead_date_and_folio_are_no_article(paper):
    assert "IL CORRIERE DI PORTOLIEVE" in [one.text for one in paper[0].furniture]
    assert [one.text for one in paper[1].furniture] == [
        "Pagina 2", "Venerdì 12 maggio 1950", "Il Corriere di Portolieve"
    ]  # fmt: skip


def test_boxes_are_shares_of_the_page(paper):
    for box in (box for found in paper for article in found.articles for box in article.boxes):
        assert 0 <= box.left < box.right <= 1
        assert 0 <= box.top < box.bottom <= 1


def test_a_title_over_the_first_column_owns_the_text_that_begins_beside_it():
    found = LAYOUT.articles(
        page(title("Titolo", 50, 100), *column(50, 130, 6), *column(270, 130, 6, start=6))
    )

    (article,) = found.articles
    assert article.body.endswith(f"{PROSE} 11")


def test_text_at_the_head_of_a_column_goes_on_from_the_column_before():
    found = LAYOUT.articles(
        page(
            title("Primo", 50, 100),
            *column(50, 130, 10),
            *column(270, 100, 3, start=10),
            title("Secondo", 270, 200),
            *column(270, 230, 5, start=90),
        )
    )

    assert [one.title for one in found.articles] == ["Primo", "Secondo"]
    assert f"{PROSE} 12" in found.articles[0].body
    assert found.articles[1].body.startswith(f"{PROSE} 90")


def test_text_without_any_title_is_an_article_without_one():
    found = LAYOUT.articles(page(*column(50, 100, 8)))

    (article,) = found.articles
    assert (article.title, article.body.count(PROSE)) == ("", 8)


def test_a_smaller_title_right_under_a_larger_one_is_its_subtitle():
    found = LAYOUT.articles(
        page(
            title("Grande titolo", 50, 100, size=30),
            title("Sotto il titolo", 60, 136, size=18, width=180),
            *column(50, 165, 8),
        )
    )

    (article,) = found.articles
    assert (article.title, article.subtitle) == ("Grande titolo", "Sotto il titolo")


def test_a_name_on_the_first_line_is_the_author():
    found = LAYOUT.articles(
        page(
            title("Titolo", 50, 100),
            line("di Carla De Rossi", 50, 130, width=90),
            *column(50, 142, 8),
        )
    )

    assert found.articles[0].author == "Carla De Rossi"
    assert "Carla" not in found.articles[0].body


def test_a_last_line_that_is_no_name_stays_in_the_text():
    found = LAYOUT.articles(
        page(
            title("Titolo", 50, 100),
            *column(50, 130, 7),
            line("e fu la fine.", 190, 214, width=60),
        )
    )

    assert found.articles[0].author == ""
    assert found.articles[0].body.endswith("e fu la fine.")


def test_no_word_of_a_page_is_lost(paper):
    with open_sheets(make_newspaper()) as sheets:
        printed = sheets.printed(1)
    words = {word for one in printed.lines for word in one.text.split() if not word.endswith("-")}
    text = LAYOUT.text(printed)

    assert [word for word in words if word not in text] == []


def test_a_page_of_pictures_says_so():
    assert LAYOUT.articles(page(pictures=True)).reason == PICTURES


@pytest.mark.parametrize("degrees", [0.0, 90.0, -90.0, 180.0, 270.0, 1.5, -89.0])
def test_a_box_lies_where_the_file_shows_it_however_the_page_was_turned(degrees):
    sheet = Image.new("L", (400, 600), 255)
    ImageDraw.Draw(sheet).rectangle((40, 60, 139, 89), fill=0)
    quarters = 90 * round(degrees / 90)
    read = sheet.rotate(quarters, expand=True).rotate(degrees - quarters, fillcolor=255)
    left, top, right, bottom = ImageChops.invert(read).getbbox()
    printed = PrintedPage(1, read.width, read.height, (), degrees=degrees)

    shares = printed.shares(left, top, right, bottom)

    assert shares == pytest.approx((0.1, 0.1, 0.35, 0.15), abs=0.006)
