"""What the jobs of an upgrade do, in both versions."""

import asyncio

from pydantic import BaseModel

from haulage import Context, job_type


class Load(BaseModel):
    """How long it takes."""

    seconds: float


@job_type("carry")
async def carry(input: Load, ctx: Context) -> str:
    """Wait in two steps, so that one who goes on after a SIGTERM finds the first."""

    async def wait(_: int) -> float:
        await asyncio.sleep(input.seconds / 2)
        return input.seconds / 2

    await ctx.map("wait", wait, [1, 2], limit=1)
    return "carried"
