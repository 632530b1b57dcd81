import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haulage.runtime.process import children_of

PROGRAMS = Path(__file__).with_name("programs")
ROOT = Path(__file__).resolve().parents[2]


def until(condition: Callable[[], object], within_s: float = 15) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether nothing runs under this pid; what only waits for being reaped does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def tree(pid: int) -> list[int]:
    """The pids of all its descendants."""
    children = children_of(pid)
    return [*children, *(found for child in children for found in tree(child))]


class Running:
    """A supervisor in a process of its own, on the stub."""

    def __init__(self, data: Path, *options: str, stub: str = "") -> None:
        self.data = data
        self.log = data.parent / f"{data.name}.events.log"
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, str(PROGRAMS / "run_stack.py"), str(data), *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={
                    **{k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")},
                    "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
                    "HAULAGE_TEST_STUB": stub,
                },
            )

    def ready(self) -> dict:
        """What it says once everything answers."""
        line = self.popen.stdout.readline()
        assert line, self.events()
        return json.loads(line)

    def announced(self) -> dict:
        """The data folder's ready.json now; empty when there is none."""
        try:
            return json.loads((self.data / "ready.json").read_text())
        except FileNotFoundError:
            return {}

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def exit_code(self) -> int:
        return self.popen.wait(timeout=30)

    def events(self) -> str:
        return self.log.read_text()

    def descendants(self) -> list[int]:
        return tree(self.popen.pid)


@pytest.fixture
def run_stack() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def run(data: Path, *options: str, stub: str = "") -> Running:
        running.append(Running(data, *options, stub=stub))
        return running[-1]

    yield run
    for one in running:
        if one.popen.poll() is None:
            one.signal(signal.SIGTERM)
            one.exit_code()
        one.popen.stdout.close()


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: what PostgreSQL refuses to run as")


@pytest.fixture
def run_program() -> Iterator[Callable[..., subprocess.Popen]]:
    """Runs a piece of Python in a process of its own, with pipes to it."""
    running: list[subprocess.Popen] = []

    def run(code: str, *arguments: str, within: tuple[str, ...] = ()) -> subprocess.Popen:
        running.append(
            subprocess.Popen(
                [*within, sys.executable, "-c", code, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
            )
        )
        return running[-1]

    yield run
    for one in running:
        one.kill()
        one.communicate()
