"""`web_scrape` on the example site, served on loopback."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from haulage.domain.errors import NotRetryable
from haulage.handlers.web_scrape import ScrapeInput, web_scrape
from haulage.testing import FakeContext

SITE = Path(__file__).parents[2] / "examples" / "site"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ctx() -> FakeContext:
    return FakeContext(settings={"web_allow_private": True})


async def test_a_page_tells_what_it_is(site, ctx):
    scraped = await web_scrape(ScrapeInput(url=f"{site}/index.html#top"), ctx)

    assert scraped.title == "Kervadec harbour museum"
    assert scraped.h1s == ["A harbour told by its clocks", "Open this week"]
    assert scraped.description is not None
    assert scraped.description.startswith("Clocks, charts")
    assert scraped.canonical_url == f"{site}/index.html"
    assert scraped.links == [
        f"{site}/index.html",
        f"{site}/collection.html",
        f"{site}/visit.html",
        f"{site}/journal/tides.html",
    ]
    assert (scraped.status, scraped.final_url) == (200, f"{site}/index.html")


async def test_every_link_within_the_site_leads_to_a_page(site, ctx):
    seen, waiting = set(), [f"{site}/index.html"]
    while waiting:
        url = waiting.pop()
        seen.add(url)
        links = (await web_scrape(ScrapeInput(url=url), ctx)).links
        waiting += [link for link in links if link.startswith(site) and link not in seen]

    assert len(seen) == 4


async def test_loopback_is_refused_without_the_setting(site):
    with pytest.raises(NotRetryable, match="not a public address"):
        await web_scrape(ScrapeInput(url=site), FakeContext())


async def test_a_missing_page_fails_for_good(site, ctx):
    with pytest.raises(NotRetryable, match="404"):
        await web_scrape(ScrapeInput(url=f"{site}/nowhere.html"), ctx)
