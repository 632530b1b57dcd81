"""The yardstick: no-op tasks through plain Celery on Redis, late acknowledgement, results ignored.

Run as a module it is the worker's application: `celery -A bench.yardstick_celery worker`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from celery import Celery

from bench.system import resident_mb

LATENCIES = "bench:latencies"

app = Celery("plain", broker=os.environ.get("BENCH_BROKER", "redis://127.0.0.1:1/0"))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=100,
    worker_send_task_events=False,
)
POOLS = {
    "prefork": ["-P", "prefork", "-c", "2"],
    "threads": ["-P", "threads", "-c", "20"],
    "solo": ["-P", "solo"],
}


@app.task(name="bench.noop")
def noop(_value: int) -> None:
    """Nothing."""


@app.task(name="bench.stamp")
def stamp(sent_at: float) -> None:
    """Keep how long the message took, in seconds."""
    _redis().rpush(LATENCIES, time.time() - sent_at)


@app.task(name="bench.sleep")
def sleep(seconds: float) -> None:
    """Wait in its thread."""
    time.sleep(seconds)


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(os.environ["BENCH_BROKER"])


def latencies_ms(broker: str, tasks: int, *, per_s: int) -> list[float]:
    """From before `apply_async` to the task's first line, with 20 threads."""
    client = _fresh(broker)
    with _worker(broker, POOLS["threads"]):
        stamp.delay(time.time())
        _until_idle(client)
        client.delete(LATENCIES)
        begin = time.perf_counter()
        for number in range(tasks):
            time.sleep(max(begin + number / per_s - time.perf_counter(), 0))
            stamp.delay(time.time())
        _until_idle(client)
        return [1000 * float(one) for one in client.lrange(LATENCIES, 0, -1)]


def sleepers(broker: str, tasks: int, *, seconds: float, threads: int) -> tuple[float, float]:
    """How long `tasks` sleeping tasks take on that many threads, and the worker's memory in MB."""
    client = _fresh(broker)
    with _worker(broker, ["-P", "threads", "-c", str(threads)], prefetch=1) as pid:
        noop.delay(0)
        _until_idle(client)
        began = time.perf_counter()
        with app.producer_pool.acquire(block=True) as producer:
            for _ in range(tasks):
                sleep.apply_async((seconds,), producer=producer)
        memory_mb = resident_mb(pid)
        _until_idle(client)
        return time.perf_counter() - began, max(memory_mb, resident_mb(pid))


def _fresh(broker: str) -> redis.Redis:
    client = redis.Redis.from_url(broker)
    client.flushdb()
    os.environ["BENCH_BROKER"] = broker
    app.conf.broker_url = broker
    return client


def best_rate(broker: str, tasks: int) -> dict[str, float]:
    """Tasks per second by pool, from the first publish to the last one done."""
    return {name: rate(broker, tasks, options) for name, options in POOLS.items()}


def rate(broker: str, tasks: int, options: list[str]) -> float:
    """Tasks per second through one worker with `options`."""
    client = _fresh(broker)
    with _worker(broker, options):
        noop.delay(0)
        _until_idle(client)
        began = time.perf_counter()
        with app.producer_pool.acquire(block=True) as producer:
            for value in range(tasks):
                noop.apply_async((value,), producer=producer)
        _until_idle(client)
        return tasks / (time.perf_counter() - began)


@contextmanager
def _worker(broker: str, options: list[str], *, prefetch: int = 100) -> Iterator[int]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "bench.yardstick_celery", "worker"),
            *("--loglevel", "ERROR", "--without-gossip", "--without-mingle", *options),
            *("--prefetch-multiplier", str(prefetch)),
        ],
        env={**os.environ, "BENCH_BROKER": broker},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _until_idle(client: redis.Redis) -> None:
    """Nothing waits and nothing is unacknowledged: asked twice, for a message on its way."""
    quiet = 0
    while quiet < 2:
        with client.pipeline() as pipeline:
            waiting, unacked = pipeline.llen("celery").hlen("unacked").execute()
        quiet = quiet + 1 if waiting == 0 and unacked == 0 else 0
        time.sleep(0.005)
