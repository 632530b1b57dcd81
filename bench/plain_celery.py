"""The yardstick: no-op tasks through plain Celery on Redis, late acknowledgement, results ignored.

Run as a module it is the worker's application: `celery -A bench.plain_celery worker`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from celery import Celery

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


def best_rate(broker: str, tasks: int) -> dict[str, float]:
    """Tasks per second by pool, from the first publish to the last one done."""
    return {name: rate(broker, tasks, options) for name, options in POOLS.items()}


def rate(broker: str, tasks: int, options: list[str]) -> float:
    """Tasks per second through one worker with `options`."""
    client = redis.Redis.from_url(broker)
    client.flushdb()
    os.environ["BENCH_BROKER"] = broker
    app.conf.broker_url = broker
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
def _worker(broker: str, options: list[str]) -> Iterator[None]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "bench.plain_celery", "worker"),
            *("--loglevel", "ERROR", "--without-gossip", "--without-mingle", *options),
        ],
        env={**os.environ, "BENCH_BROKER": broker},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
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
