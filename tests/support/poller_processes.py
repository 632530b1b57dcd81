"""`haulage poller` as processes beside a running system, set by the older variables alone."""

import os
import subprocess
import sys
from pathlib import Path

from live_system import System, free_port

from bench.task_api import CLIENT_ID, CLIENT_SECRET, TaskApi


class Pollers:
    """Processes that are stopped at the end."""

    def __init__(self, system: System, api: TaskApi, log: Path) -> None:
        self._log = log
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")}
        self._env = {
            **inherited,
            "HAULAGE_DATABASE_URL": system.ready["database_url"],
            "HAULAGE_REDIS_URL": system.ready["redis_url"],
            "HAULAGE_BLOB_URL": str(Path(system.ready["data"]) / "blobs"),
            "API_BASE_URL": api.url,
            "OAUTH2_TOKEN_URL": f"{api.url}/oauth2/token",
            "OAUTH2_CLIENT_ID": CLIENT_ID,
            "OAUTH2_CLIENT_SECRET": CLIENT_SECRET,
            "POLLING_INTERVAL_SECONDS": "0.2",
            "CONCURRENCY_LIMIT": "2",
            "METRICS_PORT": str(free_port()),
        }
        self.url = f"http://127.0.0.1:{self._env['METRICS_PORT']}"
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            words = [sys.executable, "-m", "haulage", "poller"]
            self.running.append(subprocess.Popen(words, env=self._env, stderr=log))
        return self.running[-1]

    def said(self) -> str:
        return self._log.read_text()

    def close(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()
