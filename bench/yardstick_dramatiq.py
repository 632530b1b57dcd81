"""The yardstick: no-op tasks through Dramatiq on Redis, as its manual sets it up.

Run by `dramatiq bench.yardstick_dramatiq` it is the worker's application.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ.get("BENCH_BROKER", "redis://127.0.0.1:1/0")))
SETUPS = {
    "1 process, 8 threads": ["--processes", "1", "--threads", "8"],
    "2 processes, 8 threads": ["--processes", "2", "--threads", "8"],
}


@dramatiq.actor(actor_name="noop")
def noop(_value: int) -> None:
    """Nothing."""


def best_rate(broker_url: str, tasks: int) -> dict[str, float]:
    """Tasks per second by setup, from the first send to the last one acknowledged."""
    return {name: rate(broker_url, tasks, options) for name, options in SETUPS.items()}


def rate(broker_url: str, tasks: int, options: list[str]) -> float:
    """Tasks per second through one worker with `options`."""
    client = redis.Redis.from_url(broker_url)
    client.flushdb()
    noop.broker = RedisBroker(url=broker_url)
    noop.broker.declare_actor(noop)
    with _worker(broker_url, options):
        noop.send(0)
        _until_acknowledged(client)
        began = time.perf_counter()
        for value in range(tasks):
            noop.send(value)
        _until_acknowledged(client)
        return tasks / (time.perf_counter() - began)


@contextmanager
def _worker(broker_url: str, options: list[str]) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dramatiq", "bench.yardstick_dramatiq", *options],
        env={**os.environ, "BENCH_BROKER": broker_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _until_acknowledged(client: redis.Redis) -> None:
    while client.hlen("dramatiq:default.msgs"):
        time.sleep(0.005)
