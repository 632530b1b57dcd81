"""Job types that give the console something to show: progress, logs, children, failures.

haulage up --handlers lively_handlers      (with console/tools on PYTHONPATH)
"""

import asyncio

from pydantic import BaseModel, Field

from haulage import Child, Context, NotRetryable, Policy, Retryable, job_type


class Work(BaseModel):
    """How much of it."""

    pages: int = Field(default=12, description="Pages to go through.")
    seconds_each: float = Field(default=0.5, description="How long one page takes.")
    lines: int = Field(default=0, description="Log lines to write at once.")


class Doomed(BaseModel):
    """How it fails."""

    why: str = Field(default="The provider answered 503.", description="The message.")
    retryable: bool = Field(default=False, description="Whether it is tried again.")


@job_type("demo.pages", policy=Policy(timeout_s=3600, price_credits=2))
async def pages(input: Work, ctx: Context) -> dict[str, int]:
    """Go through pages one by one, saying so."""
    for number in range(input.lines):
        await ctx.log("line.read", number=number, text=f"Line {number} of a long document.")

    async def one(number: int) -> int:
        await asyncio.sleep(input.seconds_each)
        await ctx.log("page.done", page=number)
        return number * number

    done = []
    for number in range(input.pages):
        done.append(await ctx.step(f"page {number + 1}", one, number))
        await ctx.progress(done=number + 1, total=input.pages, step=f"page {number + 1}")
    return {"pages": input.pages, "sum": sum(done)}


@job_type("demo.fails", policy=Policy(max_attempts=3))
async def fails(input: Doomed, ctx: Context) -> None:
    """Fail, always."""
    await ctx.log("about.to.fail", why=input.why)
    raise (Retryable if input.retryable else NotRetryable)(input.why)


@job_type("demo.family", policy=Policy(timeout_s=3600))
async def family(input: Work, ctx: Context) -> list[object]:
    """Hand each page to a child and wait for all of them."""
    each = {"pages": 2, "seconds_each": input.seconds_each}
    ended = await ctx.children("parts", [Child("demo.pages", each) for _ in range(input.pages)])
    return [child.result for child in ended]
