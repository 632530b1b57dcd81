"""Tokens by client credentials (row B3)."""

import asyncio
from typing import Any

import pytest

from bench.task_api import TaskApi
from haulage.domain.errors import NotRetryable, Retryable


async def test_one_token_serves_all_requests_that_come_at_once(desk: Any, api: TaskApi):
    remote = desk.puller._remote
    await asyncio.gather(*(remote.pending(10) for _ in range(5)))
    assert api.calls["token"] == 1


async def test_a_token_is_renewed_a_minute_before_its_end(desk: Any, api: TaskApi, clock: Any):
    remote = desk.puller._remote
    await remote.pending(10)
    clock.advance(seconds=api.token_lives_s - 61)
    await remote.pending(10)
    assert api.calls["token"] == 1
    clock.advance(seconds=2)
    await remote.pending(10)
    assert api.calls["token"] == 2


async def test_a_refused_token_is_renewed_at_once(desk: Any, api: TaskApi):
    remote = desk.puller._remote
    await remote.pending(10)
    api.revoke()
    assert await remote.pending(10) == []
    assert api.calls["unauthorized"] == 1


async def test_a_second_401_is_not_tried_again(desk: Any, api: TaskApi):
    async def never(_: str) -> bool:
        return False

    api.introspect = never
    with pytest.raises(NotRetryable) as refused:
        await desk.puller._remote.pending(10)
    assert refused.value.code == "unauthorized"
    assert api.calls["unauthorized"] == 2


async def test_a_report_that_is_not_let_in_stays_owed(desk: Any, api: TaskApi, clock: Any):
    api.add("a1")
    await desk.pull()
    await desk.work()

    async def never(_: str) -> bool:
        return False

    api.introspect = never
    await desk.report()
    api.introspect = None
    clock.advance(minutes=10)
    await desk.report()
    assert len(api.told["a1"]) == 1


async def test_a_wrong_secret_is_said_without_the_secret(desks: Any, api: TaskApi):
    desk = await desks.open(api, OAUTH2_CLIENT_SECRET="wrong-s3cret")
    with pytest.raises(NotRetryable) as refused:
        await desk.puller._remote.pending(10)
    assert refused.value.code == "oauth2_refused"
    assert "wrong-s3cret" not in str(refused.value)


async def test_a_slow_api_is_left_after_its_time(desks: Any, api: TaskApi):
    desk = await desks.open(api, REQUEST_TIMEOUT="0.1")
    api.slow_s = 0.5
    with pytest.raises(Retryable) as late:
        await desk.puller._remote.pending(10)
    assert late.value.code == "timed_out"
