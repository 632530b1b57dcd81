"""Job types of the benchmarks, loaded by `HAULAGE_HANDLERS`."""

import asyncio
import time

from pydantic import BaseModel

from haulage.domain.context import Context
from haulage.domain.job_type import Policy, job_type


class Nothing(BaseModel):
    """No input."""


class Stamp(BaseModel):
    """The machine's clock when the handler began."""

    started_at: float


class StepsInput(BaseModel):
    """How many steps to take."""

    steps: int


class StepsTaken(BaseModel):
    """How long the handler took from its first line to its last step's commit, in seconds."""

    took_s: float


class Talk(BaseModel):
    """How many lines to say, one each so many seconds, the first after `delay_s`."""

    lines: int
    every_s: float
    delay_s: float


@job_type("bench-stamp", policy=Policy(timeout_s=30))
async def stamp(input: Nothing, ctx: Context) -> Stamp:  # noqa: ARG001
    """Say when it began."""
    return Stamp(started_at=time.time())


@job_type("bench-steps", policy=Policy(timeout_s=120))
async def take_steps(input: StepsInput, ctx: Context) -> StepsTaken:
    """Take `steps` durable steps, one after the other."""
    began = time.perf_counter()
    for number in range(input.steps):
        await ctx.step(f"step-{number}", double, number)
    return StepsTaken(took_s=time.perf_counter() - began)


@job_type("bench-talk", policy=Policy(timeout_s=600))
async def talk(input: Talk, ctx: Context) -> None:
    """Log lines that say when they were said."""
    await asyncio.sleep(input.delay_s)
    for _ in range(input.lines):
        await ctx.log("said", said_at=time.time())
        await asyncio.sleep(input.every_s)


def double(number: int) -> int:
    """A step's work."""
    return 2 * number
