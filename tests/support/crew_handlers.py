"""Job types for the end-to-end tests, loaded by `haulage up --handlers crew_handlers`.

They write what they do to a file that the test names: a witness outside the system.
"""

import asyncio
import os
import time
from pathlib import Path

from pydantic import BaseModel

from haulage import BlockingContext, Child, Context, NotRetryable, Policy, Retryable, job_type
from haulage.domain.backoff import Backoff

QUICK = Backoff(base_s=0.05, max_s=0.1)


class Witnessed(BaseModel):
    """`witness`: a file to append lines to."""

    witness: str
    seconds: float = 0.0
    steps: int = 0
    fail_times: int = 0


def bear_witness(path: str, line: str) -> None:
    with Path(path).open("a") as file:
        file.write(f"{line} {os.getpid()}\n")


@job_type("crew.steps", policy=Policy(max_attempts=3, max_crashes=2, backoff=QUICK))
async def steps(input: Witnessed, ctx: Context) -> list[int]:
    """Run durable steps of some seconds each."""

    async def one(number: int) -> int:
        bear_witness(input.witness, f"step {number}")
        await asyncio.sleep(input.seconds)
        return number * number

    bear_witness(input.witness, "start")
    return await ctx.map("square", one, list(range(input.steps)), limit=1)


@job_type("crew.spin", policy=Policy(max_attempts=3, backoff=QUICK))
def spin(input: Witnessed, ctx: BlockingContext) -> int:
    """Run durable steps in a cpu child."""

    def one(number: int) -> int:
        bear_witness(input.witness, f"step {number}")
        until = time.monotonic() + input.seconds
        while time.monotonic() < until:
            sum(range(1000))
        return number

    bear_witness(input.witness, "start")
    return sum(ctx.map("turn", one, list(range(input.steps))))


@job_type("crew.tick")
async def tick(input: Witnessed, ctx: Context) -> str:
    """Bear witness every tenth of a second; needs nobody's help for it."""
    bear_witness(input.witness, "start")
    for number in range(round(input.seconds * 10)):
        await asyncio.sleep(0.1)
        bear_witness(input.witness, f"tick {number}")
    return "done"


@job_type("crew.tock")
def tock(input: Witnessed, ctx: BlockingContext) -> str:
    """The same in a cpu child."""
    bear_witness(input.witness, "start")
    for number in range(round(input.seconds * 10)):
        time.sleep(0.1)
        bear_witness(input.witness, f"tick {number}")
    return "done"


class Rest(BaseModel):
    seconds: float


@job_type("crew.nap")
def nap(input: Rest, ctx: BlockingContext) -> None:
    """Hold a cpu child without computing: tests beside this one need the core."""
    until = time.monotonic() + input.seconds
    while time.monotonic() < until:
        time.sleep(0.05)


@job_type("crew.deaf", policy=Policy(max_attempts=1))
def deaf(input: Witnessed, ctx: BlockingContext) -> None:
    """Swallow every interruption, as bad code does."""
    bear_witness(input.witness, "start")
    until = time.monotonic() + input.seconds
    while time.monotonic() < until:
        try:
            time.sleep(0.05)
        except BaseException:
            continue


@job_type("crew.stone", policy=Policy(max_attempts=1))
def stone(input: Witnessed, ctx: BlockingContext) -> int:
    """Compute in C, for minutes, holding the interpreter: no signal is heard, no thread runs."""
    bear_witness(input.witness, "start")
    return sum(range(10**11))


_kept: list[bytes] = []


@job_type("crew.grow", policy=Policy(max_attempts=1))
def grow(input: Witnessed, ctx: BlockingContext) -> int:
    """Leave more memory behind than there was."""
    bear_witness(input.witness, "start")
    _kept.append(os.urandom(1024) * 1024 * round(input.seconds))
    return len(_kept)


@job_type("crew.flaky", policy=Policy(max_attempts=4, backoff=QUICK))
async def flaky(input: Witnessed, ctx: Context) -> int:
    """Fail `fail_times` times, then succeed."""
    bear_witness(input.witness, f"attempt {ctx.attempt}")
    if ctx.attempt <= input.fail_times:
        raise Retryable("not yet")
    return ctx.attempt


@job_type("crew.broken", policy=Policy(max_attempts=4, backoff=QUICK))
async def broken(input: Witnessed, ctx: Context) -> int:
    """Fail for good."""
    raise NotRetryable("this page is missing", code="page_missing")


@job_type("crew.blurt_io", policy=Policy(max_attempts=1))
async def blurt_io(input: Witnessed, ctx: Context) -> None:
    """Say what it was given wherever it can, and fail with it."""
    await ctx.log(f"It says {input.witness}.", said=input.witness)
    await ctx.progress(50, step=input.witness)
    raise ValueError(f"{input.witness} can't be read")


@job_type("crew.blurt_cpu", policy=Policy(max_attempts=1))
def blurt_cpu(input: Witnessed, ctx: BlockingContext) -> None:
    """The same in a cpu child."""
    ctx.log(f"It says {input.witness}.", said=input.witness)
    ctx.progress(50, step=input.witness)
    raise ValueError(f"{input.witness} can't be read")


@job_type("crew.suicide", policy=Policy(max_attempts=5, max_crashes=2))
def suicide(input: Witnessed, ctx: BlockingContext) -> int:
    """Take the process along."""
    bear_witness(input.witness, "start")
    os.kill(os.getpid(), 9)
    return 0


@job_type("crew.leak", policy=Policy(max_attempts=5, max_crashes=2))
def leak(input: Witnessed, ctx: BlockingContext) -> int:
    """Take ever more memory."""
    bear_witness(input.witness, "start")
    kept = []
    for _ in range(5_000):
        kept.append(b"x" * 4_000_000)
        time.sleep(0.01)
    return len(kept)


@job_type("crew.greedy", policy=Policy(max_attempts=1))
def greedy(input: Witnessed, ctx: BlockingContext) -> int:
    """Take `seconds` gigabytes at once."""
    bear_witness(input.witness, "start")
    taken = bytearray(round(input.seconds * 1024**3))
    bear_witness(input.witness, "taken")
    return len(taken)


@job_type("crew.vanish", policy=Policy(max_attempts=5, max_crashes=2))
async def vanish(input: Witnessed, ctx: Context) -> int:
    """Take the io worker along, and everybody in it."""
    bear_witness(input.witness, "start")
    os._exit(3)


@job_type("crew.block", policy=Policy(max_attempts=1, max_crashes=2))
async def block(input: Witnessed, ctx: Context) -> int:
    """Hold the event loop, as an `async def` with blocking code in it does."""
    bear_witness(input.witness, "start")
    time.sleep(input.seconds)  # noqa: ASYNC251 - the fault that is wanted
    return 1


@job_type("crew.thread", policy=Policy(max_attempts=1, max_crashes=2))
async def thread(input: Witnessed, ctx: Context) -> int:
    """Wait for a thread that nothing can stop."""
    bear_witness(input.witness, "start")
    await asyncio.to_thread(time.sleep, input.seconds)
    return 1


@job_type("crew.ask", policy=Policy(max_attempts=2, backoff=QUICK))
async def ask(input: Witnessed, ctx: Context) -> str:
    """Ask a model, in a step."""

    async def one() -> str:
        return str((await ctx.chat("quiet:tiny", f"Say {input.witness}")).value)

    return str(await ctx.step("ask", one))


class Family(BaseModel):
    """`children`: type and input of each."""

    witness: str
    children: list[tuple[str, dict]]


@job_type("crew.parent", policy=Policy(max_attempts=2, backoff=QUICK))
async def parent(input: Family, ctx: Context) -> list[tuple[str, object]]:
    """Spawn children and report how each of them ended."""
    bear_witness(input.witness, f"parent {ctx.attempt}")
    ended = await ctx.children("all", [Child(name, given) for name, given in input.children])
    return [(one.state, one.result or (one.error or {}).get("code")) for one in ended]
