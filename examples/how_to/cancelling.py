"""Two job types that put away what they have borrowed when somebody cancels them."""

import asyncio
import time
from pathlib import Path

from pydantic import BaseModel

from haulage import BlockingContext, Context, job_type


class Borrow(BaseModel):
    lock: Path
    seconds: float = 60.0


@job_type("borrow")
async def borrow(input: Borrow, ctx: Context) -> str:
    """Hold a lock file while waiting."""
    input.lock.touch()
    try:
        await asyncio.sleep(input.seconds)
        return "done"
    finally:
        input.lock.unlink()


@job_type("borrow_a_core")
def borrow_a_core(input: Borrow, ctx: BlockingContext) -> str:
    """Hold a lock file while computing."""
    input.lock.touch()
    try:
        until = time.monotonic() + input.seconds
        while time.monotonic() < until:
            sum(range(10_000))
        return "done"
    finally:
        input.lock.unlink()
