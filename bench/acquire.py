"""Acquire and settle over eight limits, as fast as two client processes can, on one Redis.

Beside it, in the same run, the package `limits` with its moving window, which checks one limit in a
call to Redis, knows neither tokens nor concurrency, and cannot take all or none: eight calls for
eight limits.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import redis

from bench.system import report, temporary_folder
from haulage.brokers import redis_clients
from haulage.domain.limits import Asker, Estimate, Spent
from haulage.limits.limit import Limit, Measure, Period, Pool, Scope, Strategy
from haulage.limits.limiter import Limiter
from haulage.runtime.redis import Redis

ACQUIRES_PER_S, SERVER_US = 8_000, 100
CLIENTS, WORKERS = 2, 128
LARGE = 10**9
POOL = Pool(
    "bench",
    (
        Limit(Measure.REQUESTS, LARGE, Period.SECOND, Strategy.BUCKET),
        Limit(Measure.REQUESTS, LARGE, Period.MINUTE),
        Limit(Measure.TOKENS, LARGE, Period.MINUTE),
        Limit(Measure.CONCURRENCY, LARGE),
        Limit(Measure.REQUESTS, LARGE, Period.HOUR, scope=Scope.MODEL),
        Limit(Measure.TOKENS, LARGE, Period.HOUR, scope=Scope.TENANT),
        Limit(Measure.REQUESTS, LARGE, Period.MINUTE, scope=Scope.USER),
        Limit(Measure.REQUESTS, LARGE, Period.HOUR, Strategy.FIXED, scope=Scope.KEY),
    ),
)


def main(*, seconds: float = 8.0) -> bool:
    """Print the line; whether the bars are met."""
    with temporary_folder() as folder, Redis.start(folder / "redis") as server:
        ours, server_us = _rate("haulage", server, seconds)
        theirs, their_server_us = _rate("moving_window", server, seconds)
    return report(
        "acquire",
        met=ours >= ACQUIRES_PER_S and server_us < SERVER_US,
        limits=len(POOL.limits),
        clients=CLIENTS,
        acquires_per_s=ours,
        bar_per_s=ACQUIRES_PER_S,
        server_us=server_us,
        bar_server_us=SERVER_US,
        limits_package_per_s=theirs,
        limits_package_server_us=their_server_us,
        ratio_to_limits_package=ours / theirs,
    )


def _rate(manner: str, server: Redis, seconds: float) -> tuple[float, float]:
    """Acquires a second over all clients, and the server's processor time for each, with what
    settles it."""
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        before = _processor_us(client)
        words = [sys.executable, "-m", "bench.acquire", manner, server.url, str(seconds)]
        running = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(CLIENTS)]
        counts = [json.loads(process.communicate()[0]) for process in running]
        used_us = _processor_us(client) - before
    return sum(counts) / seconds, used_us / sum(counts)


def _processor_us(client: "redis.Redis") -> float:
    said = client.info("cpu")
    return 1e6 * (said["used_cpu_user"] + said["used_cpu_sys"])  # type: ignore[index]


async def haulage(url: str, seconds: float) -> int:
    """What one client gets through."""
    client = redis_clients.connect(url)
    limiter = Limiter(client, pools=lambda _: POOL, prefix="bench:")
    await limiter.open()
    count, end = 0, time.monotonic() + seconds

    async def work(number: int) -> None:
        nonlocal count
        asker = Asker(*(f"{name}{number % 10}" for name in ("tenant", "model", "user", "key")))
        while time.monotonic() < end:
            async with limiter.hold("bench", Estimate(100, 50), asker) as held:
                held.settle(Spent(tokens=120))
            count += 1

    await asyncio.gather(*(work(number) for number in range(WORKERS)))
    await limiter.close()
    await client.aclose()
    return count


def moving_window(url: str, seconds: float) -> int:
    """What one client gets through with the package `limits`, in eight threads."""
    from limits import RateLimitItemPerHour, RateLimitItemPerMinute, storage, strategies

    limiter = strategies.MovingWindowRateLimiter(storage.RedisStorage(url))
    items = [RateLimitItemPerMinute(LARGE), RateLimitItemPerHour(LARGE)]
    end = time.monotonic() + seconds

    def work(number: int) -> int:
        count = 0
        while time.monotonic() < end:
            for which in range(len(POOL.limits)):
                limiter.hit(items[which % 2], f"{which}", f"{number % 10}")
            count += 1
        return count

    with ThreadPoolExecutor(8) as threads:
        return sum(threads.map(work, range(8)))


if __name__ == "__main__":
    given: tuple[str, float] = (sys.argv[2], float(sys.argv[3]))
    runs: dict[str, Callable[[], int]] = {
        "haulage": lambda: asyncio.run(haulage(*given)),
        "moving_window": lambda: moving_window(*given),
    }
    print(runs[sys.argv[1]]())
