"""A process that stands still while it holds places, as one does that is stopped or swapped out."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import redis.asyncio as redis

from bench.limit_callers import run_together
from bench.strict_provider import strict_provider
from haulage.domain.limits import Estimate, Wait
from haulage.limits.limit import Limit, Measure, Pool
from haulage.limits.limiter import Limiter

PLACES, TTL_S = 2, 1.5
POOL = Pool("narrow", (Limit(Measure.CONCURRENCY, PLACES),))
HOLDER = """
import asyncio, sys
from haulage.brokers import redis_clients
from haulage.domain.limits import Estimate
from haulage.limits.limiter import Limiter
from tests.limits.test_frozen import PLACES, POOL, TTL_S

async def main(url):
    client = redis_clients.connect(url)
    limiter = Limiter(client, pools=lambda _: POOL, prefix="haulage:")
    await limiter.open()
    holds = [limiter.hold("narrow", Estimate(), ttl_s=TTL_S) for _ in range(PLACES)]
    for hold in holds:
        await hold.__aenter__()
    print("held", flush=True)
    sys.stdin.readline()
    for hold in holds:
        await hold.__aexit__(None, None, None)
    await limiter.close()
    await client.aclose()

asyncio.run(main(sys.stdin.readline().strip()))
"""


@pytest.fixture
def holder(redis_url: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds all places of the pool, until it is told to settle."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{redis_url}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
async def limiter(client: "redis.Redis") -> AsyncIterator[Limiter]:
    made = Limiter(client, pools=lambda _: POOL, prefix="haulage:")
    await made.open()
    yield made
    await made.close()


async def test_what_a_frozen_process_holds_comes_back_once_and_is_not_freed_again_when_it_thaws(
    limiter: Limiter, holder: "subprocess.Popen[str]"
) -> None:
    holder.send_signal(signal.SIGSTOP)
    asked_at = time.monotonic()
    async with AsyncExitStack() as mine:
        for _ in range(PLACES):
            await mine.enter_async_context(limiter.hold("narrow", Estimate(), ttl_s=60))
        # Both are held by one process or by the other, never by both.
        assert time.monotonic() - asked_at > TTL_S / 2
        assert isinstance(await limiter.try_hold("narrow", Estimate(), id="third"), Wait)

        holder.send_signal(signal.SIGCONT)
        await asyncio.to_thread(holder.communicate, "settle\n")
        assert holder.returncode == 0
        # What it settled was not its own any more.
        assert isinstance(await limiter.try_hold("narrow", Estimate(), id="third"), Wait)
    assert not isinstance(await limiter.try_hold("narrow", Estimate(), id="third"), Wait)


def test_calls_whose_moments_passed_while_their_process_stood_still_do_not_go_together(
    redis_url: str,
) -> None:
    rate, burst, calls = 50, 40, 100
    processes = [
        [[f"{process}.{number}", "me", 0, 0.0] for number in range(calls)] for process in range(2)
    ]
    with strict_provider(rate=rate, burst=burst, jitter_ms=0) as provider:
        # Two seconds are the moments of some 50 calls: more than a burst, had they gone at once.
        run_together(
            "haulage",
            processes,
            frozen_s=(0.5, 2.5),
            redis_url=redis_url,
            port=provider.port,
            rate=rate,
            burst=burst,
            slack_s=0.5,
        )
        arrived = provider.report()
    assert sorted(name for name, *_ in arrived) == sorted(
        name for jobs in processes for name, *_ in jobs
    )
    assert [name for name, _, _, let_in in arrived if not let_in] == []
