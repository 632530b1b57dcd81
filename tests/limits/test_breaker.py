"""One breaker over all processes: when it opens, who probes, and what a dead prober costs."""

import asyncio
from itertools import islice

import pytest
import redis.asyncio as redis
from prometheus_client import REGISTRY

from haulage.limits.breaker import BreakerRule, Breakers, BreakerState
from haulage.limits.errors import BreakerOpen
from haulage.limits.script import Script

SERVICE = "simulated"


class Clocked(Script):
    """Passes the script the time that a test says."""

    def __init__(self) -> None:
        super().__init__("breaker.lua")
        self.ms = 1_900_000_000_000

    async def run(self, client, key, arguments):  # type: ignore[no-untyped-def, override]
        return await super().run(client, key, (*arguments, str(self.ms)))


class Bench:
    """Breakers with a clock that stands still, and a service that does as it is told."""

    def __init__(self, client: "redis.Redis", **rule: float) -> None:
        made = BreakerRule(**rule)  # type: ignore[arg-type]
        self.breakers = Breakers(client, prefix="haulage:", rule=lambda _: made)
        self.script = self.breakers._script = Clocked()
        self.called = 0

    async def call(self, error: type[BaseException] | None = None) -> None:
        async with self.breakers.guard(SERVICE, counts=lambda e: not isinstance(e, KeyError)):
            self.called += 1
            if error is not None:
                raise error("as told")

    async def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises(RuntimeError):
                await self.call(RuntimeError)

    async def state(self) -> BreakerState:
        return (await self.breakers.look(SERVICE)).state


async def test_five_failures_in_a_row_open_it(client: "redis.Redis") -> None:
    bench = Bench(client)
    await bench.fail(4)
    await bench.call()
    await bench.fail(5)
    with pytest.raises(BreakerOpen) as refused:
        await bench.call()
    assert refused.value.retry_after_s == 60
    assert bench.called == 10


async def test_a_failure_rate_opens_it_too(client: "redis.Redis") -> None:
    bench = Bench(client, failures=0, failure_rate=0.5, least_calls=10)
    for _ in range(5):
        await bench.call()
        await bench.fail(1)
        bench.script.ms += 1_000
    assert await bench.state() is BreakerState.OPEN


async def test_old_calls_do_not_count_in_the_rate(client: "redis.Redis") -> None:
    bench = Bench(client, failures=0, failure_rate=0.5, least_calls=4, window_s=60)
    await bench.fail(3)
    bench.script.ms += 61_000
    await bench.fail(3)
    assert await bench.state() is BreakerState.CLOSED


async def test_errors_that_do_not_speak_against_it_do_not_open_it(client: "redis.Redis") -> None:
    bench = Bench(client)
    for _ in range(6):
        with pytest.raises(KeyError):
            await bench.call(KeyError)
    assert await bench.state() is BreakerState.CLOSED


async def test_exactly_one_of_many_probes(client: "redis.Redis") -> None:
    bench = Bench(client)
    await bench.fail(5)
    bench.script.ms += 60_000
    bench.called = 0
    release = asyncio.Event()

    async def slow() -> None:
        async with bench.breakers.guard(SERVICE):
            bench.called += 1
            await release.wait()

    calls = [asyncio.ensure_future(slow()) for _ in range(50)]
    async with asyncio.timeout(30):
        for ended in islice(asyncio.as_completed(calls), 49):
            with pytest.raises(BreakerOpen):
                await ended
    (probe,) = (call for call in calls if not call.done())
    assert bench.called == 1
    release.set()
    await probe
    assert await bench.state() is BreakerState.CLOSED


async def test_a_probe_that_fails_opens_it_again(client: "redis.Redis") -> None:
    bench = Bench(client)
    await bench.fail(5)
    bench.script.ms += 60_000
    await bench.fail(1)
    with pytest.raises(BreakerOpen) as refused:
        await bench.call()
    assert refused.value.retry_after_s == 60


async def test_a_probe_that_dies_is_replaced_when_its_time_is_over(client: "redis.Redis") -> None:
    bench = Bench(client, probe_s=30)
    await bench.fail(5)
    bench.script.ms += 60_000
    # The process is killed between asking and telling.
    assert (await bench.breakers._run("ask", SERVICE, "killed")).may
    with pytest.raises(BreakerOpen):
        await bench.call()
    bench.script.ms += 30_000
    await bench.call()
    assert await bench.state() is BreakerState.CLOSED


async def test_a_cancelled_probe_lets_the_next_one_try_at_once(client: "redis.Redis") -> None:
    bench = Bench(client)
    await bench.fail(5)
    bench.script.ms += 60_000
    with pytest.raises(asyncio.CancelledError):
        await bench.call(asyncio.CancelledError)
    await bench.call()
    assert await bench.state() is BreakerState.CLOSED


async def test_what_late_calls_tell_does_not_close_an_open_one(client: "redis.Redis") -> None:
    bench = Bench(client)
    async with bench.breakers.guard(SERVICE):
        await bench.fail(5)
    assert await bench.state() is BreakerState.OPEN


async def test_the_metric_shows_the_state(client: "redis.Redis") -> None:
    bench = Bench(client)
    await bench.fail(5)
    shown = REGISTRY.get_sample_value("circuit_breaker_state", {"service": SERVICE})
    assert shown == BreakerState.OPEN
