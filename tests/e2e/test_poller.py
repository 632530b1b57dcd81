"""`haulage poller` as processes of its own, set by the older variables alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_system import System, until

from bench.task_api import CLIENT_ID, CLIENT_SECRET, TaskApi, task_api

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]
TASKS = 12


@pytest.fixture
def api() -> Iterator[TaskApi]:
    with task_api() as running:
        yield running


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
        }
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


@pytest.fixture
def pollers(system: System, api: TaskApi, tmp_path: Path) -> Iterator[Pollers]:
    started = Pollers(system, api, tmp_path / "poller.log")
    yield started
    started.close()


def test_tasks_are_told_once_though_the_poller_is_killed(
    system: System, api: TaskApi, pollers: Pollers
) -> None:
    api.fail_every = 10
    for number in range(TASKS):
        api.add(f"t{number}", content=f"A text, number {number}.")
    api.add("odd", content={"no": "text"})
    first = pollers.start()
    until(lambda: len(api.told) >= 3, within_s=60)
    second = pollers.start()
    first.kill()
    until(lambda: len(api.told) == TASKS + 1, within_s=60)
    assert api.states() == {"succeeded": TASKS, "failed": 1}
    assert not api.violations
    jobs = system.query("SELECT count(*) FROM jobs WHERE tags @> ARRAY['source:ai-tasks']")
    assert jobs == [(TASKS,)]
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0, pollers.said()
    assert "Traceback" not in pollers.said()
    for secret in (CLIENT_SECRET, *api.tokens, "A text, number"):
        assert secret not in pollers.said()
    assert '"targetId": "target-t1"' in pollers.said()
