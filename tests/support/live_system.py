"""A whole system as real processes, `haulage up`, driven over HTTP."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from haulage.client import Client, JobView

HERE = Path(__file__).parent
TERMINAL = {"succeeded", "failed", "cancelled"}


@dataclass
class System:
    """A running `haulage up` and what its ready line said."""

    up: "subprocess.Popen[str]"
    ready: dict
    log: Path
    client: Client = field(init=False)
    # The first of the ports where its processes show their metrics, where it is set.
    metrics_port: int = 0

    def __post_init__(self) -> None:
        self.client = Client(self.ready["url"])

    def pids(self, name: str) -> list[int]:
        """The process called `name` now (after restarts too) and its descendants."""
        found = descendants(self.up.pid)
        wanted = {
            "worker-io": "worker --pool io",
            "worker-cpu": "worker --pool cpu",
            "dispatcher": "haulage dispatcher",
            "api": "haulage api",
            "redis": "redis-server",
        }[name]
        pids = [pid for pid in found if wanted in command_line(pid)]
        assert pids, f"no process called {name}"
        return pids

    def query(self, statement: str, *values: object) -> list[tuple]:
        with psycopg.connect(self.ready["database_url"], autocommit=True) as connection:
            return connection.execute(statement, values).fetchall()

    def until_state(self, job_id: object, *states: str, within_s: float = 20) -> JobView:
        """The job once it is in one of `states`."""
        until(lambda: self.client.get(job_id).state in states, within_s=within_s)
        return self.client.get(job_id)

    def until_ended(self, job_id: object, within_s: float = 30) -> JobView:
        return self.until_state(job_id, *TERMINAL, within_s=within_s)


class Up:
    """`haulage up -o json` on free ports in `data`; stopped by SIGTERM at the end.

    `handlers` are found beside this file and in `folder`, where it is started.
    """

    def __init__(
        self,
        data: Path,
        log: Path,
        *,
        handlers: Sequence[str] = ("crew_handlers",),
        folder: Path | None = None,
        **env: str,
    ) -> None:
        self.log = log
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")}
        with log.open("ab") as written:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "haulage", "up", "-o", "json"),
                    *("--data", str(data), "--cpu-processes", "2"),
                    *(part for name in handlers for part in ("--handlers", name)),
                ],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=written,
                text=True,
                env={
                    **inherited,
                    "PYTHONPATH": os.pathsep.join([str(HERE), inherited.get("PYTHONPATH", "")]),
                    "HAULAGE_ENGINE_SHUTDOWN_S": "5",
                    "HAULAGE_HANDLER_WEB_ALLOW_PRIVATE": "true",
                    "HAULAGE_WEBHOOKS_ALLOW_PRIVATE": "true",
                    **env,
                },
            )

    def __enter__(self) -> System:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()[-4000:]
        return System(self.process, json.loads(line), self.log)

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log.read_text()[-4000:]


def lines(witness: Path) -> list[str]:
    """What handlers wrote (crew_handlers.bear_witness), without their process ids."""
    return [line.rpartition(" ")[0] for line in witness.read_text().splitlines()]


def free_port() -> int:
    """One that nobody listens at now."""
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


def until(condition: Callable[[], object], within_s: float = 20) -> None:
    """Look every 20 ms until `condition` holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def descendants(pid: int) -> list[int]:
    """Children and theirs; the supervisor starts each process from a thread of its own."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in listed.read_text().split()]
    return [*found, *(deeper for child in found for deeper in descendants(child))]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""
