"""A breaker that has been open for long enough: 100 concurrent calls over 4 processes, one probe.

Beside it the same with a breaker in each process, as `pybreaker` and its like have it: each process
sends a probe of its own.
"""

import asyncio
import json
import subprocess
import sys

from bench.system import report, temporary_folder
from haulage.brokers import redis_clients
from haulage.limits.breaker import BreakerRule, Breakers
from haulage.limits.errors import BreakerOpen
from haulage.runtime.redis import Redis

PROBES = 1
PROCESSES, CALLS = 4, 100
OPEN_S, PROBE_TAKES_S = 1.0, 0.5


def main(*, rounds: int = 5) -> bool:
    """Print the line; whether the bar is met."""
    with temporary_folder() as folder, Redis.start(folder / "redis") as server:
        shared = [_probes(server.url, ["all"] * PROCESSES) for _ in range(rounds)]
        apart = _probes(server.url, [f"{number}" for number in range(PROCESSES)])
    return report(
        "half_open",
        met=all(probes == PROBES for probes in shared),
        rounds=rounds,
        processes=PROCESSES,
        calls=CALLS,
        most_probes=max(shared),
        bar=PROBES,
        breaker_for_each_process=apart,
    )


def _probes(url: str, services: list[str]) -> int:
    """Calls that were let through, by processes that use these breakers."""
    for service in set(services):
        asyncio.run(_break(url, service))
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.half_open", url, service],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for service in services
    ]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    let_through = [process.communicate()[0] for process in running]
    return sum(json.loads(said.splitlines()[-1]) for said in let_through)


def _breakers(url: str) -> Breakers:
    rule = BreakerRule(failures=1, open_s=OPEN_S)
    client = redis_clients.connect(url, max_connections=1_000)
    return Breakers(client, prefix="bench:", rule=lambda _: rule)


async def _break(url: str, service: str) -> None:
    try:
        async with _breakers(url).guard(service):
            raise ConnectionError
    except ConnectionError:
        pass


async def _call_together(url: str, service: str) -> int:
    breakers, count = _breakers(url), 0
    await breakers.open()
    await breakers.look(service)
    # And a little more: its clock here began when it was heard of.
    await asyncio.sleep(OPEN_S + 0.2)
    print("ready", flush=True)
    sys.stdin.readline()

    async def call() -> None:
        nonlocal count
        try:
            async with breakers.guard(service):
                count += 1
                await asyncio.sleep(PROBE_TAKES_S)
        except BreakerOpen:
            pass

    await asyncio.gather(*(call() for _ in range(CALLS // PROCESSES)))
    await breakers.close()
    return count


if __name__ == "__main__":
    print(asyncio.run(_call_together(sys.argv[1], sys.argv[2])))
