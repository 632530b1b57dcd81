"""The executor: whatever a handler does, one outcome comes of it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from haulage.domain.backoff import Backoff
from haulage.domain.errors import LeaseLost, NotRetryable, Retryable, Snoozed
from haulage.domain.lifecycle import State
from haulage.engine.services import Services
from haulage.storage.job_reads import JobReads
from tests.conftest import TestClock
from tests.engine.conftest import Bench
from tests.factories import away, queued, row, state


class Sum(BaseModel):
    total: int


def raises(error: BaseException):
    async def handler(input, ctx):
        raise error

    return handler


async def error_of(services: Services, job_id: UUID) -> dict[str, Any]:
    return (await row(services, job_id))["error"]


async def test_what_a_handler_returns_is_the_result(bench: Bench, services: Services) -> None:
    async def handler(input, ctx):
        return Sum(total=input.value + 1)

    job_id = await bench.run(handler, result=Sum, input='{"value":2}')
    reads = JobReads(services.database, services.blobs)
    assert await reads.result(job_id, tenant="default") == (State.SUCCEEDED, '{"total":3}')


async def test_a_large_input_and_a_large_result_pass_by_reference(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        return input.value * 2

    job_id = await bench.run(handler, input='{"value":"' + "x" * 300_000 + '"}')
    assert (await row(services, job_id))["result_ref"] is not None
    reads = JobReads(services.database, services.blobs)
    found = await reads.result(job_id, tenant="default")
    assert found == (State.SUCCEEDED, '"' + "x" * 600_000 + '"')


@pytest.mark.parametrize(
    "value", [{"total": "many"}, None, object()], ids=["a dict", "none", "an object"]
)
async def test_a_result_of_another_type_fails_the_job(
    bench: Bench, services: Services, value: object
) -> None:
    async def handler(input, ctx):
        return value

    job_id = await bench.run(handler, result=Sum)
    assert await state(services, job_id) is State.FAILED
    error = await error_of(services, job_id)
    assert error["retryable"] is False
    assert "returned something else" in error["message"]


@pytest.mark.parametrize(
    "value", [object(), b"\xff", {1: object()}], ids=["an object", "bytes", "inside"]
)
async def test_a_result_that_json_cannot_carry_fails_the_job(
    bench: Bench, services: Services, value: object
) -> None:
    async def handler(input, ctx):
        return value

    job_id = await bench.run(handler)
    assert "can't be JSON" in (await error_of(services, job_id))["message"]


async def test_a_retryable_error_is_tried_again_after_the_backoff(
    bench: Bench, services: Services, clock: TestClock
) -> None:
    job_id = await bench.run(raises(Retryable("busy")), backoff=Backoff(base_s=7, jitter=0))
    found = await row(services, job_id)
    assert (found["state"], found["reason"], found["attempt"]) == ("scheduled", "retry", 1)
    assert found["scheduled_at"] - clock.now() == timedelta(seconds=7)
    assert found["error"]["retryable"] is True


@pytest.mark.parametrize(
    ("asked_s", "waits_s"), [(3.0, 7.0), (60.0, 60.0), (None, 7.0), (float("nan"), 7.0)]
)
async def test_the_longer_of_backoff_and_retry_after_counts(
    bench: Bench, services: Services, clock: TestClock, asked_s: float | None, waits_s: float
) -> None:
    error = Retryable("busy", retry_after_s=asked_s)
    job_id = await bench.run(raises(error), backoff=Backoff(base_s=7, jitter=0))
    due = (await row(services, job_id))["scheduled_at"]
    assert due - clock.now() == timedelta(seconds=waits_s)


async def test_the_last_attempt_fails_for_good(bench: Bench, services: Services) -> None:
    job_id = await bench.run(raises(Retryable("busy", code="rate_limited")), max_attempts=2)
    assert await state(services, job_id) is State.SCHEDULED
    await bench.again(job_id)
    assert await state(services, job_id) is State.FAILED
    assert (await error_of(services, job_id))["code"] == "rate_limited"


async def test_an_error_that_cannot_be_helped_fails_at_once(
    bench: Bench, services: Services
) -> None:
    job_id = await bench.run(raises(NotRetryable("no", code="page_refused")))
    assert await state(services, job_id) is State.FAILED
    error = await error_of(services, job_id)
    assert (error["code"], error["message"], error["retryable"]) == ("page_refused", "no", False)


@pytest.mark.parametrize(
    ("retry_unknown", "becomes"), [(False, State.FAILED), (True, State.SCHEDULED)]
)
async def test_an_unknown_error_is_tried_again_only_where_the_policy_says_so(
    bench: Bench, services: Services, retry_unknown: bool, becomes: State
) -> None:
    job_id = await bench.run(raises(KeyError("x")), retry_unknown=retry_unknown)
    assert await state(services, job_id) is becomes
    error = await error_of(services, job_id)
    assert (error["code"], error["message"]) == ("unexpected", "KeyError: 'x'")
    assert "raise error" in error["trace"]


async def test_a_snooze_waits_without_burning_an_attempt(
    bench: Bench, services: Services, clock: TestClock
) -> None:
    job_id = await bench.run(raises(Snoozed("limit of tokens", delay_s=40)), max_attempts=1)
    found = await row(services, job_id)
    assert (found["state"], found["reason"]) == ("scheduled", "limit of tokens")
    assert found["attempt"] == 0
    assert found["scheduled_at"] - clock.now() == timedelta(seconds=40)


async def test_a_handler_that_cancels_itself_has_failed(bench: Bench, services: Services) -> None:
    job_id = await bench.run(raises(asyncio.CancelledError()))
    assert await state(services, job_id) is State.FAILED
    assert (await error_of(services, job_id))["code"] == "cancelled"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=repr)
async def test_a_handler_that_exits_fails_and_ends_nothing_else(
    bench: Bench, services: Services, error: BaseException
) -> None:
    job_id = await bench.run(raises(error))
    assert await state(services, job_id) is State.FAILED
    assert (await error_of(services, job_id))["code"] == "exited"


class Panic(BaseException):
    """What libraries written in Rust raise."""


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize("error", [Panic("at line 1"), GeneratorExit(), Unspeakable()], ids=type)
async def test_the_oddest_errors_fail_the_job_too(
    bench: Bench, services: Services, error: BaseException
) -> None:
    job_id = await bench.run(raises(error))
    assert await state(services, job_id) is State.FAILED
    assert (await error_of(services, job_id))["code"] == "unexpected"


async def test_a_lost_lease_settles_nothing(bench: Bench, services: Services) -> None:
    job_id = await bench.run(raises(LeaseLost("gone")))
    assert await state(services, job_id) is State.RUNNING


async def test_a_settlement_that_the_fence_refuses_says_so(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        await services.dispatch.give_back([(ctx.job_id, 1)])

    bench.declare(handler)
    job_id = await queued(services, type="try")
    assert not await bench.attempt(job_id)
    assert await state(services, job_id) is State.SCHEDULED


async def test_an_unknown_type_waits_for_a_worker_that_knows_it(
    bench: Bench, services: Services
) -> None:
    job_id = await queued(services, type="tomorrow")
    assert await bench.attempt(job_id)
    found = await row(services, job_id)
    assert (found["state"], found["reason"], found["attempt"]) == ("scheduled", "unknown_type", 0)


async def test_a_stored_input_that_no_longer_fits_fails_the_job(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        raise AssertionError("never called")

    handler.__annotations__ = {}
    job_id = await bench.run(handler, input="[]")
    error = await error_of(services, job_id)
    assert (error["code"], error["retryable"]) == ("invalid_input", False)


async def test_an_input_that_is_gone_fails_the_job(bench: Bench, services: Services) -> None:
    async def handler(input, ctx):
        return None

    bench.declare(handler)
    job_id = await queued(services, type="try", input='{"value":"' + "x" * 300_000 + '"}')
    await services.blobs._discard((await row(services, job_id))["input_ref"])
    await bench.attempt(job_id)
    assert (await error_of(services, job_id))["code"] == "not_found"


async def test_what_cannot_be_stored_becomes_a_failure_and_no_endless_run(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        ctx.add_usage(calls=10**30)

    job_id = await bench.run(handler)
    assert await state(services, job_id) is State.FAILED
    assert (await error_of(services, job_id))["code"] == "unsettleable"


@pytest.mark.parametrize(
    ("errors", "outcome"),
    [
        ([Retryable("a")], State.SCHEDULED),
        ([Retryable("a"), Retryable("b")], State.SCHEDULED),
        ([Retryable("a"), Snoozed("b", delay_s=1)], State.SCHEDULED),
        ([Retryable("a"), NotRetryable("b")], State.FAILED),
        ([Retryable("a"), KeyError("b")], State.FAILED),
        ([NotRetryable("a"), LeaseLost("b")], State.RUNNING),
        ([ExceptionGroup("inner", [Retryable("a")])], State.SCHEDULED),
    ],
)
async def test_of_a_group_of_errors_the_gravest_decides(
    bench: Bench, services: Services, errors: list[Exception], outcome: State
) -> None:
    job_id = await bench.run(raises(ExceptionGroup("several", errors)))
    assert await state(services, job_id) is outcome


async def test_the_usage_of_an_attempt_is_kept_with_its_end(
    bench: Bench, services: Services
) -> None:
    async def handler(input, ctx):
        ctx.add_usage(calls=1, input_tokens=10, cost=0.5)
        ctx.add_usage(calls=1, output_tokens=5)
        raise NotRetryable("no")

    job_id = await bench.run(handler)
    assert (await row(services, job_id))["usage"] == {
        "calls": 2,
        "input_tokens": 10,
        "output_tokens": 5,
        "cost": 0.5,
    }


async def test_a_settlement_waits_for_postgresql_to_come_back(
    bench: Bench, services: Services, database_url: str, servers: dict[str, str]
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handler(input, ctx):
        begun.set()
        await go_on.wait()
        return 1

    bench.declare(handler)
    job_id = await queued(services, type="try")
    running = asyncio.ensure_future(bench.attempt(job_id))
    await begun.wait()
    with away(servers["database"], database_url):
        go_on.set()
        await asyncio.wait({running}, timeout=0.2)
        assert not running.done()
    assert await running
    assert await state(services, job_id) is State.SUCCEEDED
