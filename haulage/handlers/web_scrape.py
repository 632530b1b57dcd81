"""`web_scrape`: what a web page says about itself (row C3)."""

import asyncio

from pydantic import BaseModel, ConfigDict, Field

from haulage.domain.context import Context
from haulage.domain.job_type import Policy, job_type


class ScrapeInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        min_length=1,
        max_length=4_096,
        description="An http or https address. Private and loopback addresses are refused "
        "unless the setting `web_allow_private` allows them.",
    )


class Scraped(BaseModel):
    url: str = Field(description="The address that was asked for.")
    final_url: str = Field(description="The address that answered, after redirects.")
    status: int = Field(description="HTTP status of that answer.")
    title: str = Field(description="The page's title, or an empty string.")
    description: str | None = Field(description="The page's own description.")
    canonical_url: str | None = Field(description="The address the page calls its own.")
    h1s: list[str] = Field(description="Its main headings, in order.")
    links: list[str] = Field(description="Its links: absolute, each once, in order.")
    size: int = Field(description="Bytes of HTML, decompressed.")


@job_type(
    "web_scrape",
    policy=Policy(max_attempts=4, timeout_s=90),
    example={"url": "https://example.org/"},
)
async def web_scrape(input: ScrapeInput, ctx: Context) -> Scraped:
    """Fetch a web page and give back its title, main headings, links and description."""
    # The HTTP client is a heavy import, and every process loads this file for its declaration.
    from haulage.web.fetcher import Fetcher
    from haulage.web.page import read_page

    fetcher = Fetcher(allow_private=ctx.setting("web_allow_private", False))
    await ctx.progress(10, step="fetching")
    fetched = await fetcher.get(input.url)
    await ctx.progress(80, step="reading")
    # Reading a page of megabytes takes long enough to hold up the other jobs of the loop.
    page = await asyncio.to_thread(read_page, fetched.text, fetched.final_url)
    return Scraped(
        url=input.url,
        final_url=fetched.final_url,
        status=fetched.status,
        title=page.title,
        description=page.description,
        canonical_url=page.canonical_url,
        h1s=list(page.h1s),
        links=list(page.links),
        size=fetched.size,
    )
