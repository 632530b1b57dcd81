"""Time limits and stops: an attempt ends when it must, and its cause decides how."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from haulage.domain.lifecycle import State
from haulage.engine.executor import Executor
from haulage.engine.services import Services
from tests.conftest import TestClock
from tests.engine.conftest import Bench
from tests.factories import history, queued, row, state


async def error_of(services: Services, job_id: UUID) -> dict[str, Any]:
    return (await row(services, job_id))["error"]


async def test_a_handler_past_its_time_limit_is_stopped_and_tried_again(
    bench: Bench, services: Services
) -> None:
    stopped = asyncio.Event()

    async def handler(input, ctx):
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    job_id = await bench.run(handler, timeout_s=0.01)
    assert stopped.is_set()
    assert await state(services, job_id) is State.SCHEDULED
    assert (await error_of(services, job_id))["code"] == "timed_out"


async def test_a_deadline_shortens_the_time_limit_and_allows_no_retry_past_it(
    bench: Bench, services: Services, clock: TestClock
) -> None:
    async def handler(input, ctx):
        await asyncio.Event().wait()

    deadline = clock.now() + timedelta(milliseconds=10)
    job_id = await bench.run(handler, deadline=deadline)
    assert await state(services, job_id) is State.FAILED
    assert (await error_of(services, job_id))["code"] == "timed_out"


async def test_what_a_stopped_handler_returns_past_its_limit_still_counts(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "just in time"

    job_id = await bench.run(handler, timeout_s=0.01)
    assert await state(services, job_id) is State.SUCCEEDED


async def stopped(bench: Bench, cause: str, handler: Any, **given: Any) -> tuple[UUID, bool]:
    """Run `handler` until it has begun, tell it to stop, and wait for the end."""
    begun = asyncio.Event()

    async def wrapped(input, ctx):
        begun.set()
        return await handler(input, ctx)

    bench.declare(wrapped)
    job_id = await queued(bench.services, type="try", **given)
    running = asyncio.ensure_future(bench.attempt(job_id))
    await begun.wait()
    bench.stop.tell(cause)
    bench.stop.tell("something later")
    return job_id, await running


async def patient(input: Any, ctx: Any) -> None:
    await asyncio.Event().wait()


async def stubborn_error(input: Any, ctx: Any) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise KeyError("in the clean-up")


async def late_value(input: Any, ctx: Any) -> str:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    return "too late"


@pytest.mark.parametrize("handler", [patient, stubborn_error, late_value])
@pytest.mark.parametrize(
    ("cause", "becomes", "landed"),
    [
        ("cancel", State.CANCELLED, True),
        ("deadline", State.SCHEDULED, True),
        ("lost", State.RUNNING, False),
        ("shutdown", State.RUNNING, False),
    ],
)
async def test_a_stop_ends_an_attempt_by_its_cause(
    bench: Bench, services: Services, handler: Any, cause: str, becomes: State, landed: bool
) -> None:
    job_id, it_landed = await stopped(bench, cause, handler)
    assert (await state(services, job_id), it_landed) == (becomes, landed)


async def test_a_handler_that_ignores_its_stop_is_settled_after_a_grace(
    bench: Bench, services: Services
) -> None:
    bench.executor = Executor(services, stop_grace_s=0.01)
    release, left = asyncio.Event(), asyncio.Event()

    async def handler(input, ctx):
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        await ctx.log("still here")
        left.set()

    job_id, landed = await stopped(bench, "cancel", handler)
    assert landed
    assert await state(services, job_id) is State.CANCELLED
    release.set()
    await left.wait()
    await services.drain()
    assert [one["kind"] for one in await history(services, job_id)] == ["state"] * 3
