"""Processes of callers: jobs that wait for a provider's quota, in one of three manners.

`haulage` books turns at the limiter. `backoff` calls at once and, refused, again after a time that
doubles, with jitter. `posthoc` looks at a counter in Redis before the call and adds to it after the
answer, as LiteLLM's router does, and backs off when it is spent or refused.

`python -m bench.limit_callers '{…}'` is one process; it prints how many calls it made to Redis.
"""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from typing import Any

from bench.strict_provider import Line
from haulage.brokers import redis_clients
from haulage.domain.limits import Asker, Estimate, Spent
from haulage.limits.limit import Limit, Measure, Period, Pool, Strategy
from haulage.limits.limiter import Limiter

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.1, 10.0
START_S = 0.2


def run_together(
    manner: str,
    processes: list[list[Any]],
    *,
    frozen_s: tuple[float, float] | None = None,
    **given: Any,
) -> dict[str, Any]:
    """Start a process for each list of jobs, `[name, tenant, tokens, after_s]`; all begin at one
    moment. What they print, summed, and when they began. The first one stands still from the first
    to the second moment of `frozen_s`."""
    running = []
    for jobs in processes:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.limit_callers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        _say(process, {"manner": manner, "jobs": jobs, **given})
        running.append(process)
    for process in running:
        _hear(process)
    began = time.monotonic() + START_S
    for process in running:
        _say(process, began)
    if frozen_s is not None:
        _freeze(running[0], began, frozen_s)
    calls = sum(_hear(process) for process in running)
    for process in running:
        process.wait(10)
    return {"began": began, "redis_calls": calls}


def _freeze(process: "subprocess.Popen[str]", began: float, between_s: tuple[float, float]) -> None:
    for number, moment_s in zip((signal.SIGSTOP, signal.SIGCONT), between_s, strict=True):
        time.sleep(max(began + moment_s - time.monotonic(), 0.0))
        process.send_signal(number)


def _say(process: "subprocess.Popen[str]", words: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(words) + "\n")
    process.stdin.flush()


def _hear(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def pool_of(given: dict[str, Any]) -> Pool:
    """The limits that a run is given: a bucket of requests, or tokens in a rolling minute."""
    if "tokens_per_minute" in given:
        tokens = Limit(Measure.TOKENS, given["tokens_per_minute"], Period.MINUTE)
        return Pool("strict", (tokens,), slack_s=given["slack_s"])
    rate, burst = given["rate"], given["burst"]
    bucket = Limit(Measure.REQUESTS, rate, Period.SECOND, Strategy.BUCKET, burst=burst)
    return Pool("strict", (bucket,), slack_s=given["slack_s"])


async def main(given: dict[str, Any]) -> None:
    """All jobs of this process."""
    client = redis_clients.connect(given["redis_url"], max_connections=10_000)
    line = await Line.connect(given["port"])
    pool = pool_of(given)
    limiter = Limiter(client, pools=lambda _: pool, prefix="bench:")
    await limiter.open()
    await client.ping()
    print("true", flush=True)
    began = json.loads(sys.stdin.readline())
    redis_calls = 0

    async def haulage(name: str, tenant: str, tokens: int) -> None:
        async with limiter.hold("strict", Estimate(tokens), Asker(tenant)) as held:
            await line.call(name, tokens)
            held.settle(Spent(tokens=tokens))

    async def backoff(name: str, _tenant: str, tokens: int) -> None:
        delay_s, attempt = FIRST_BACKOFF_S, 0
        while await line.call(f"{name}.{attempt}", tokens):
            await asyncio.sleep(random.uniform(0, delay_s))
            delay_s, attempt = min(2 * delay_s, LONGEST_BACKOFF_S), attempt + 1

    async def posthoc(name: str, _tenant: str, tokens: int) -> None:
        nonlocal redis_calls
        delay_s, attempt = FIRST_BACKOFF_S, 0
        while True:
            key = f"bench:used:{int(time.time())}"
            redis_calls += 1
            if int(await client.get(key) or 0) < given["rate"]:
                refused = await line.call(f"{name}.{attempt}", tokens)
                attempt += 1
                redis_calls += 1
                await client.incr(key)
                if not refused:
                    return
            await asyncio.sleep(random.uniform(0, delay_s))
            delay_s = min(2 * delay_s, LONGEST_BACKOFF_S)

    manner = {"haulage": haulage, "backoff": backoff, "posthoc": posthoc}[given["manner"]]

    async def job(name: str, tenant: str, tokens: int, after_s: float) -> None:
        await asyncio.sleep(began + after_s - time.monotonic())
        await manner(name, tenant, tokens)

    await asyncio.gather(*(job(*words) for words in given["jobs"]))
    await limiter.close()
    await client.aclose()
    print(redis_calls or limiter.calls, flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.readline())))
