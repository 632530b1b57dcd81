"""Job types of the benchmarks, loaded by `HAULAGE_HANDLERS`."""

import asyncio
import random
import time
from functools import cache
from pathlib import Path

import httpx
from pydantic import BaseModel

from haulage.domain.context import Context
from haulage.domain.job_type import Policy, job_type

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.1, 10.0


class Nothing(BaseModel):
    """No input."""


class Stamp(BaseModel):
    """The machine's clock when the handler began."""

    started_at: float


class StepsInput(BaseModel):
    """How many steps to take."""

    steps: int


class Ask(BaseModel):
    """What a job says to the provider: its own name."""

    name: str


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


@job_type("bench-ask", policy=Policy(timeout_s=120))
async def ask(input: Ask, ctx: Context) -> str:
    """Ask the strict provider's model once, and write down when; a parked job asks again."""
    _write(Path(ctx.setting("asked_file", "")), f"{input.name} {time.monotonic()}\n")
    return (await ctx.chat("strict:m", input.name, max_tokens=8)).text


@job_type("bench-ask-backoff", policy=Policy(timeout_s=300))
async def ask_with_backoff(input: Ask, ctx: Context) -> str:
    """The same without limits: refused, again after a time that doubles, with jitter."""
    url = ctx.setting("strict_url", "") + "/chat/completions"
    body = {"model": "m", "messages": [{"role": "user", "content": input.name}]}
    delay_s = FIRST_BACKOFF_S
    client = _client()
    while (await client.post(url, json=body, timeout=60)).status_code == 429:
        await asyncio.sleep(random.uniform(0, delay_s))
        delay_s = min(2 * delay_s, LONGEST_BACKOFF_S)
    return "yes"


def _write(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line)


@cache
def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(limits=httpx.Limits(max_connections=None))


def double(number: int) -> int:
    """A step's work."""
    return 2 * number
