"""From `haulage up` on an empty data folder until it says that everything answers.

Against the same PostgreSQL and Redis alone in the same run: their folders made, both started.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.system import report, temporary_folder
from haulage.runtime.postgres import Postgres
from haulage.runtime.redis import Redis

BAR_S = 8.0


def main(*, rounds: int = 3) -> bool:
    """Print the line; whether the bar is met by the slowest round."""
    took_s, servers_s = [], []
    for _ in range(rounds):
        with temporary_folder() as folder:
            servers_s.append(_servers_s(folder))
        with temporary_folder() as folder:
            took_s.append(_up_s(folder / "data"))
    return report(
        "cold",
        met=max(took_s) < BAR_S,
        rounds=rounds,
        ready_s=median(took_s),
        slowest_s=max(took_s),
        bar_s=BAR_S,
        postgres_and_redis_alone_s=median(servers_s),
    )


def _up_s(data: Path) -> float:
    began = time.perf_counter()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")}
    with subprocess.Popen(
        [sys.executable, "-m", "haulage", "up", "-o", "json", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**inherited, "HAULAGE_LOG_LEVEL": "WARNING"},
    ) as process:
        assert process.stdout is not None
        try:
            # One line, printed once everything answers.
            line = process.stdout.readline()
            took_s = time.perf_counter() - began
        finally:
            process.terminate()
            process.wait(30)
    if not line.startswith("{"):
        raise RuntimeError(f"haulage up ended with {process.returncode}")
    return took_s


def _servers_s(folder: Path) -> float:
    began = time.perf_counter()
    with Postgres.start(folder / "postgres"), Redis.start(folder / "redis"):
        return time.perf_counter() - began
