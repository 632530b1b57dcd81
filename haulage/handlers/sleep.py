"""`sleep`: wait on the io pool, where a waiting job costs no thread and no process."""

import asyncio

from pydantic import BaseModel, ConfigDict, Field

from haulage.domain.context import Context
from haulage.domain.job_type import Policy, job_type

MAX_SECONDS = 3_600
_REPORT_EVERY_S = 0.5


class SleepInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(ge=0, le=MAX_SECONDS, description="How long to wait, in seconds.")


class Slept(BaseModel):
    seconds: float = Field(description="How long the job waited, in seconds.")


@job_type("sleep", policy=Policy(timeout_s=MAX_SECONDS + 60), example={"seconds": 2})
async def sleep(input: SleepInput, ctx: Context) -> Slept:
    """Wait `seconds` seconds, reporting progress; a retry waits from the beginning."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    end = start + input.seconds
    while (now := loop.time()) < end:
        await ctx.progress(100 * (now - start) / input.seconds, step="sleeping")
        await asyncio.sleep(min(_REPORT_EVERY_S, end - now))
    return Slept(seconds=input.seconds)
