"""Durable no-op jobs, submitted in batches over HTTP until all are settled, against plain Celery.

python -m bench.throughput [--jobs N]
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psycopg

from bench import plain_celery
from haulage.runtime.redis import Redis
from haulage.runtime.stack import Stack, StackOptions

BATCH = 1_000


def main() -> int:
    """Print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="haulage-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        ours = best_of_ours(folder, options.jobs, options.rounds)
        with Redis.start(folder / "celery-redis") as broker:
            plain = plain_celery.best_rate(broker.url, options.jobs // 2)
    best = max(plain.values())
    print(
        json.dumps(
            {
                "bench": "throughput",
                "jobs": options.jobs,
                "haulage_per_s": round(ours),
                "plain_celery_per_s": {pool: round(rate) for pool, rate in plain.items()},
                "ratio_to_best_celery": round(ours / best, 2),
            }
        )
    )
    return 0


def best_of_ours(folder: Path, jobs: int, rounds: int) -> float:
    """Jobs per second through the whole system, durable, with one io worker process."""
    environment = {"HAULAGE_LOG_LEVEL": "WARNING"}
    with Stack(StackOptions(data=folder / "data", environment=environment)) as stack:
        ready = stack.ready
        assert ready is not None
        with (
            httpx.Client(base_url=ready.url, timeout=60) as client,
            psycopg.connect(ready.database_url, autocommit=True) as database,
        ):
            run(client, database, 2_000)
            return max(run(client, database, jobs) for _ in range(rounds))


def run(client: httpx.Client, database: psycopg.Connection, jobs: int) -> float:
    """Submit and wait; jobs per second."""
    body = json.dumps({"jobs": [{"type": "echo", "input": {"value": 1}}] * BATCH}).encode()
    already = settled(database)
    began = time.perf_counter()
    for _ in range(jobs // BATCH):
        answer = client.post(
            "/api/v1/jobs/batch", content=body, headers={"content-type": "application/json"}
        )
        answer.raise_for_status()
    while settled(database) - already < jobs:
        time.sleep(0.05)
    return jobs / (time.perf_counter() - began)


def settled(database: psycopg.Connection) -> int:
    """How many jobs have succeeded."""
    row = database.execute("SELECT count(*) FROM jobs WHERE state = 'succeeded'").fetchone()
    assert row is not None
    return int(row[0])


if __name__ == "__main__":
    sys.exit(main())
