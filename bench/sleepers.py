"""Jobs that wait: how many of 2 s are in flight at once in one io worker process, and its memory.

Beside it plain Celery with as many threads, the only stock pool that holds so many without patches.
"""

import threading
import time

from bench import yardstick_celery
from bench.system import System, report, resident_mb, running, temporary_folder
from haulage.runtime.redis import Redis

IN_FLIGHT, MEMORY_MB, WITHIN_S = 2_000, 300.0, 20.0
SECONDS = 2.0
SLOTS = 3_000


def main(*, jobs: int = 10_000) -> bool:
    """Print the line; whether the bars are met."""
    with running(io_concurrency=SLOTS) as system:
        system.rate("echo", {"value": 1}, 500)
        with Watch(system) as watch:
            began = time.perf_counter()
            system.submit("sleep", {"seconds": SECONDS}, jobs)
            system.until_settled()
            took_s = time.perf_counter() - began
    with temporary_folder() as folder, Redis.start(folder / "redis") as broker:
        celery_s, celery_mb = yardstick_celery.sleepers(
            broker.url, jobs, seconds=SECONDS, threads=SLOTS
        )
    return report(
        "sleepers",
        met=watch.in_flight >= IN_FLIGHT and watch.memory_mb < MEMORY_MB and took_s <= WITHIN_S,
        jobs=jobs,
        seconds_each=SECONDS,
        most_in_flight=watch.in_flight,
        bar_in_flight=IN_FLIGHT,
        worker_mb=watch.memory_mb,
        bar_mb=MEMORY_MB,
        took_s=took_s,
        bar_s=WITHIN_S,
        celery_threads_took_s=celery_s,
        celery_threads_mb=celery_mb,
        ratio_of_memory_to_celery=watch.memory_mb / celery_mb,
        ratio_of_time_to_celery=took_s / celery_s,
    )


class Watch:
    """The most that was seen during the block, looked at ten times a second."""

    def __init__(self, system: System) -> None:
        self.in_flight = 0
        self.memory_mb = 0.0
        self._pid = system.io_worker_pid()
        self._system = system
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        with self._system.another_connection() as database:
            while not self._over.wait(0.1):
                row = database.execute(
                    "SELECT count(*) FROM jobs WHERE state = 'running'"
                ).fetchone()
                assert row is not None
                self.in_flight = max(self.in_flight, row[0])
                self.memory_mb = max(self.memory_mb, resident_mb(self._pid))
