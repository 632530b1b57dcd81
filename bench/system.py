"""The whole system on its embedded servers, durable as in production, for one benchmark."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg

from haulage.runtime.stack import Stack, StackOptions

# The job types of the benchmarks, as `handlers` of a system.
JOBS_FILE = str(Path(__file__).with_name("jobs.py"))
BATCH = 1_000
POLL_S = 0.01
# Each part is answered by an index of its own, so that asking costs nothing beside the work.
UNFINISHED: LiteralString = """
SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'queued' AND rung_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM jobs WHERE state = 'running')
    OR EXISTS (SELECT 1 FROM jobs WHERE state = 'queued' AND rung_at IS NULL)
    OR EXISTS (SELECT 1 FROM jobs WHERE state = 'scheduled')
    OR EXISTS (SELECT 1 FROM jobs WHERE state = 'waiting')
"""


@dataclass(frozen=True)
class System:
    """What a benchmark talks to."""

    http: httpx.Client
    database: psycopg.Connection
    url: str
    database_url: str
    api_pid: int
    redis_url: str
    environment: Mapping[str, str]
    folder: Path

    def submit(
        self, type_name: str, value: dict[str, Any], count: int, **options: Any
    ) -> list[str]:
        """Submit `count` equal jobs in batches over HTTP; their ids. `options` as in a submit."""
        return self.submit_each(type_name, [value] * count, **options)

    def submit_each(
        self, type_name: str, values: Sequence[dict[str, Any]], **options: Any
    ) -> list[str]:
        """Submit a job for each of `values`; their ids, in order."""
        ids: list[str] = []
        for start in range(0, len(values), BATCH):
            jobs = [
                {"type": type_name, "input": value, **options}
                for value in values[start : start + BATCH]
            ]
            body = json.dumps({"jobs": jobs}).encode()
            answer = self.http.post(
                "/api/v1/jobs/batch", content=body, headers={"content-type": "application/json"}
            )
            answer.raise_for_status()
            ids += [job["id"] for job in answer.json()["jobs"]]
        return ids

    def until_settled(self, *, within_s: float = 300.0) -> None:
        """Wait until no job is left that is not over."""
        deadline = time.monotonic() + within_s
        while self._one(UNFINISHED):
            if time.monotonic() > deadline:
                raise TimeoutError(f"jobs are left after {within_s:g} s")
            time.sleep(POLL_S)

    def rate(self, type_name: str, value: dict[str, Any], count: int) -> float:
        """Jobs per second from the first submit to the last settlement, all of them succeeded."""
        before = self.succeeded()
        began = time.perf_counter()
        self.submit(type_name, value, count)
        self.until_settled()
        took_s = time.perf_counter() - began
        if (done := self.succeeded() - before) != count:
            raise RuntimeError(f"{done} of {count} jobs succeeded")
        return count / took_s

    def succeeded(self) -> int:
        """How many jobs have succeeded so far."""
        return int(self._one("SELECT count(*) FROM jobs WHERE state = 'succeeded'"))

    def parked(self) -> int:
        """How often jobs have been parked so far."""
        return int(
            self._one(
                "SELECT count(*) FROM events WHERE kind = 'state' AND data->>'waits_for' <> ''"
            )
        )

    def another_connection(self) -> psycopg.Connection:
        """For another thread, or for statements of the benchmark's own; the caller closes it."""
        return psycopg.connect(self.database_url, autocommit=True)

    def io_worker_pid(self) -> int:
        """The process id of the only io worker."""
        return int(
            self._one("SELECT pid FROM workers WHERE pool = 'io' AND ended_at IS NULL LIMIT 1")
        )

    def io_workers(self) -> int:
        """How many io workers are alive."""
        return int(self._one("SELECT count(*) FROM workers WHERE pool = 'io' AND ended_at IS NULL"))

    def _one(self, query: LiteralString) -> Any:
        row = self.database.execute(query).fetchone()
        assert row is not None
        return row[0]


@contextmanager
def running(
    *,
    io_concurrency: int = 1_000,
    cpu_processes: int = 1,
    handlers: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[System]:
    """A fresh system in a temporary folder; stopped and removed at the end."""
    with temporary_folder() as folder:
        options = StackOptions(
            data=folder / "data",
            io_concurrency=io_concurrency,
            cpu_processes=cpu_processes,
            handlers=handlers,
            environment={"HAULAGE_LOG_LEVEL": "WARNING", **(environment or {})},
        )
        with Stack(options) as stack:
            ready = stack.ready
            assert ready is not None
            with (
                httpx.Client(base_url=ready.url, timeout=60) as http,
                psycopg.connect(ready.database_url, autocommit=True) as database,
            ):
                api_pid, *_ = ready.processes["api"]
                yield System(
                    http,
                    database,
                    ready.url,
                    ready.database_url,
                    api_pid,
                    ready.redis_url,
                    {**options.environment, "HAULAGE_BLOB_URL": str(folder / "data" / "blobs")},
                    folder,
                )


@contextmanager
def another_io_worker(
    system: System, *, handlers: tuple[str, ...] = (), concurrency: int = 1_000
) -> Iterator[None]:
    """A second io worker process, serving when the block begins."""
    environment = {
        **os.environ,
        **system.environment,
        "HAULAGE_DATABASE_URL": system.database_url,
        "HAULAGE_REDIS_URL": system.redis_url,
        "HAULAGE_HANDLERS": ",".join(handlers),
    }
    words = ["worker", "--pool", "io", "--concurrency", str(concurrency)]
    process = subprocess.Popen([sys.executable, "-m", "haulage", *words], env=environment)
    try:
        deadline = time.monotonic() + 60
        while system.io_workers() < 2:
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError("the second worker did not come up")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that also PostgreSQL's own user may enter."""
    with tempfile.TemporaryDirectory(prefix="haulage-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def resident_mb(pid: int) -> float:
    """The resident memory of a process now, in MB."""
    asked = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True
    )
    return int(asked.stdout) / 1024


def copied_columns(system: "System", *, new_id: str) -> dict[str, str]:
    """What a statement that copies a job names: its columns, and their values with another id."""
    names = system.database.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'jobs'"
        " AND table_schema = 'public' AND is_generated = 'NEVER' ORDER BY ordinal_position"
    ).fetchall()
    columns = [name for (name,) in names]
    values = [new_id if name == "id" else f"jobs.{name}" for name in columns]
    return {"columns": ", ".join(columns), "values": ", ".join(values)}


def report(bench: str, *, met: bool, **figures: Any) -> bool:
    """Print one JSON line; gives `met` back."""
    rounded = {name: _rounded(value) for name, value in figures.items()}
    print(json.dumps({"bench": bench, **rounded, "cores": os.cpu_count(), "met": met}), flush=True)
    return met


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value) if abs(value) >= 100 else round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return value
