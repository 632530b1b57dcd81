"""A job of hours that a restart does not throw back to its beginning."""

import asyncio
import hashlib

from pydantic import BaseModel, Field

from haulage import Context, Policy, job_type, version


class Archive(BaseModel):
    pages: int = Field(ge=1, le=10_000)
    page_s: float = Field(default=0.0, ge=0, description="How long one page takes.")


@job_type(
    "index_archive",
    policy=Policy(max_attempts=10, timeout_s=6 * 3600, max_crashes=3),
    example={"pages": 3},
)
async def index_archive(input: Archive, ctx: Context) -> str:
    """Read every page, five at a time, and make one index of them."""

    async def read(number: int) -> str:
        return await read_page(number, input.page_s)

    words = await ctx.map("page", read, list(range(1, input.pages + 1)), limit=5)
    return await ctx.step("index", make_index, words)


async def read_page(number: int, page_s: float) -> str:
    """One slow, paid page."""
    await asyncio.sleep(page_s)
    return f"word-{number}"


@version("2")
def make_index(words: list[str]) -> str:
    """With another version's mark, values that older code has stored are not used."""
    return hashlib.sha256(" ".join(sorted(words)).encode()).hexdigest()[:12]
