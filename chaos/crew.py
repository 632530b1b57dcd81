"""The job types that chaos runs. Each start and each step's effect goes into the ledger first.

Their policies allow more worker deaths than the default, because here workers die by design.
"""

import asyncio
import os
import time
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from chaos.ledger import START, STEP, Ledger
from haulage import BlockingContext, Child, Context, Policy, Retryable, job_type
from haulage.domain.backoff import Backoff

POLICY = Policy(
    max_attempts=6,
    max_crashes=1_000,
    timeout_s=300,
    backoff=Backoff(base_s=0.2, max_s=1.0),
)


CHILDREN = ("chaos.plain", "chaos.retry", "chaos.steps")


class Work(BaseModel):
    """`key` numbers the submission; `seconds` is the time of the whole job, or of each step."""

    key: int
    seconds: float = 0.0
    steps: int = 0
    fail_times: int = 0
    children: int = 0


class Done(BaseModel):
    """A result that says which run made it."""

    key: int
    fence: int
    pid: int
    children: list[UUID] = []


@job_type("chaos.plain", policy=POLICY)
async def plain(input: Work, ctx: Context) -> Done:
    """Take `seconds` and succeed."""
    started(ctx)
    await asyncio.sleep(input.seconds)
    return done(input, ctx)


@job_type("chaos.retry", policy=POLICY)
async def retry(input: Work, ctx: Context) -> Done:
    """Fail `fail_times` times, then succeed."""
    started(ctx)
    if ctx.attempt <= input.fail_times:
        raise Retryable("not yet")
    return done(input, ctx)


@job_type("chaos.steps", policy=POLICY)
async def steps(input: Work, ctx: Context) -> Done:
    """Run durable steps, two at a time."""

    async def one(number: int) -> int:
        effect(ctx, f"part[{number}]")
        await asyncio.sleep(input.seconds)
        return number

    started(ctx)
    await ctx.map("part", one, list(range(input.steps)), limit=2)
    return done(input, ctx)


@job_type("chaos.cpu", policy=POLICY)
def cpu(input: Work, ctx: BlockingContext) -> Done:
    """Run durable steps in a cpu child; one in four of them computes, the others wait."""

    def one(number: int) -> int:
        effect(ctx, f"turn[{number}]")
        if number % 4:
            time.sleep(input.seconds)
        else:
            end = time.monotonic() + input.seconds / 4
            while time.monotonic() < end:
                sum(range(1000))
        return number

    started(ctx)
    ctx.map("turn", one, list(range(input.steps)))
    return done(input, ctx)


@job_type("chaos.cpu_long", policy=POLICY)
def cpu_long(input: Work, ctx: BlockingContext) -> Done:
    """Hold a cpu child for `seconds`."""
    started(ctx)
    time.sleep(input.seconds)
    return done(input, ctx)


@job_type("chaos.parent", policy=POLICY)
async def parent(input: Work, ctx: Context) -> Done:
    """Run a step, then children of three types, then another step."""

    def one(name: str) -> str:
        effect(ctx, name)
        return name

    started(ctx)
    await ctx.step("before", one, "before")
    given = {"key": input.key, "seconds": input.seconds, "fail_times": 1, "steps": 2}
    wanted = [Child(CHILDREN[place % 3], given) for place in range(input.children)]
    ended = await ctx.children("all", wanted)
    assert all(child.succeeded for child in ended)
    await ctx.step("after", one, "after")
    return Done(**done(input, ctx).model_dump() | {"children": [child.job_id for child in ended]})


def started(ctx: Any) -> None:
    """Enter this run into the ledger."""
    _ledger(ctx.setting("chaos_ledger", "")).write(START, ctx.job_id, fence_of(ctx), "")


def effect(ctx: Any, step: str) -> None:
    """Enter a step's effect into the ledger."""
    _ledger(ctx.setting("chaos_ledger", "")).write(STEP, ctx.job_id, fence_of(ctx), step)


def done(input: Work, ctx: Any) -> Done:
    """The result of this very run."""
    return Done(key=input.key, fence=fence_of(ctx), pid=os.getpid())


def fence_of(ctx: Any) -> int:
    """The fence of the lease under which this handler runs.

    Handlers have no business with it, so no `Context` shows it; only a witness may look inside.
    """
    core = getattr(ctx, "_core", ctx)  # a cpu handler's context wraps the async one
    return int(core.lease.fence)


@cache
def _ledger(path: str) -> Ledger:
    return Ledger(path)
