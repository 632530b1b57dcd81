"""What an HTML page says about itself."""

import pytest

from haulage.domain.errors import NotRetryable
from haulage.web.page import MAX_LINKS, read_page

URL = "https://museum.example/rooms/clocks.html?x=1"


def test_a_page_is_read():
    page = read_page(
        """<!doctype html><html><head><title> The
        clocks &amp; the tide </title>
        <meta name="Description" content=" Clocks,  charts. ">
        <link rel="canonical" href="/rooms/clocks.html"></head>
        <body><h1>The <em>tower</em> clock</h1><h1></h1><h1>Tides</h1>
        <a href="tides.html">Tides</a> <a href="/visit">Visit</a></body></html>""",
        URL,
    )

    assert page.title == "The clocks & the tide"
    assert page.h1s == ("The tower clock", "Tides")
    assert page.description == "Clocks, charts."
    assert page.canonical_url == "https://museum.example/rooms/clocks.html"
    assert page.links == (
        "https://museum.example/rooms/tides.html",
        "https://museum.example/visit",
    )


def test_links_are_absolute_once_each_and_lead_to_web_pages():
    page = read_page(
        """<a href="b">1</a><a href="b#part">2</a><a href="mailto:a@b.example">3</a>
        <a href="javascript:x()">4</a><a href="//other.example/c">5</a><a name="x">6</a>
        <a href="http://[broken">7</a><a href=" /d ">8</a><a href="">9</a>""",
        URL,
    )

    assert page.links == (
        "https://museum.example/rooms/b",
        "https://other.example/c",
        "https://museum.example/d",
        URL,
    )


def test_a_base_moves_the_links():
    page = read_page('<base href="/old/"><a href="a">a</a>', URL)

    assert page.links == ("https://museum.example/old/a",)


def test_a_picture_has_no_say_in_the_title():
    assert read_page("<body><svg><title>icon</title></svg><p>text", URL).title == ""


def test_open_graph_describes_where_nothing_else_does():
    page = read_page('<meta property="og:description" content="Clocks.">', URL)

    assert page.description == "Clocks."


def test_an_empty_page_has_nothing_to_say():
    page = read_page("", URL)

    assert (page.title, page.h1s, page.links) == ("", (), ())
    assert page.canonical_url is None
    assert page.description is None


def test_tag_soup_is_read_as_browsers_read_it():
    page = read_page("<h1>One<h1>Two</b><a href=x>y<table><a href='z'", URL)

    assert page.h1s[0].startswith("One")
    assert page.links[0] == "https://museum.example/rooms/x"


def test_a_page_of_countless_links_is_cut():
    html = "".join(f'<a href="/{number}">x</a>' for number in range(MAX_LINKS + 10))

    assert len(read_page(html, URL).links) == MAX_LINKS


@pytest.mark.parametrize("tag", ["<div>", "<b>", "<h1>", "<table>", "<div></x>"])
def test_a_page_nested_without_end_is_refused_before_it_is_parsed(tag):
    with pytest.raises(NotRetryable, match="nests"):
        read_page(tag * 200_000, URL)


def test_paragraphs_and_items_that_are_never_closed_are_no_nesting():
    html = "<ul>" + "<li><p>x<br>" * 10_000 + "<a href=x>y</a>"

    assert read_page(html, URL).links == ("https://museum.example/rooms/x",)
