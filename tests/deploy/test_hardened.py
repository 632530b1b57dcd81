"""What the container promises, without one: every process of ours runs with no capability, on a
root file system that nobody can write, with its secrets in files. The group `deploy`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from first_jobs import run_first_jobs
from live_system import until

from haulage.client import Client
from haulage.runtime import ports
from haulage.runtime.http_probe import HttpProbe
from haulage.runtime.process import Process, ProcessSpec
from tools.compose_files import DEPLOY

pytestmark = pytest.mark.skipif(
    os.environ.get("HAULAGE_TEST_DEPLOY") != "1", reason="the group `deploy` runs them"
)
# In a view of the file system of its own: $1 can be written, nothing else can.
ENTER = """
folder="$1"; shift
mount --bind "$folder" "$folder"
mount -o remount,bind,ro /
cd "$folder"
exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""


def hardened(folder: Path, *argv: object) -> tuple[str, ...]:
    """The command `argv`, able to write to `folder` alone."""
    # Who is not root becomes it in a view of their own only.
    become = ["--map-root-user"] if os.geteuid() != 0 else []
    enter = ["unshare", "--mount", *become, "sh", "-ec", ENTER, "sh", str(folder)]
    return (*enter, *map(str, argv))


class House:
    """The four processes on `folder`, and where they answer."""

    def __init__(self, folder: Path, secrets: Path, opened: ExitStack) -> None:
        self.folder = folder
        self.port = opened.enter_context(ports.claim()).number
        self.metrics = {
            name: opened.enter_context(ports.claim()).number
            for name in ("worker-io", "worker-cpu", "dispatcher")
        }
        self.logs = secrets.parent
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HAULAGE_DATABASE_URL_FILE": str(secrets / "database_url"),
            "HAULAGE_REDIS_URL_FILE": str(secrets / "redis_url"),
            "HAULAGE_BLOB_URL": str(folder / "blobs"),
            "HAULAGE_ENGINE_SHUTDOWN_S": "2",
            "HAULAGE_ENGINE_CHILD_LIMIT_MB": "1600",
            "HAULAGE_PROVIDERS_NETWORK": "loopback",
        }

    def start(self, name: str, *arguments: str) -> Process:
        environment = dict(self._environment)
        if name in self.metrics:
            environment["HAULAGE_METRICS_PORT"] = str(self.metrics[name])
        argv = hardened(self.folder, sys.executable, "-m", "haulage", *arguments)
        spec = ProcessSpec(name=name, argv=argv, env=environment)
        return Process(spec, self.logs / f"{name}.log")


@pytest.fixture
def house(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[House]:
    folder, secrets = tmp_path / "writable", tmp_path / "secrets"
    folder.mkdir()
    secrets.mkdir()
    (secrets / "database_url").write_text(f"{database_url}\n")
    (secrets / "redis_url").write_text(f"{redis_url}\n")
    with ExitStack() as opened:
        house = House(folder, secrets, opened)
        for name, *arguments in (
            ("api", "api", "--port", str(house.port)),
            ("worker-io", "worker", "--pool", "io"),
            ("worker-cpu", "worker", "--pool", "cpu", "-c", "2"),
            ("dispatcher", "dispatcher"),
        ):
            opened.callback(house.start(name, *arguments).stop)
        until(HttpProbe("127.0.0.1", house.port, "/ready"), within_s=60)
        yield house


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("touch", "/tried"), "Read-only file system"),
        (("grep", "CapEff", "/proc/self/status"), "0000000000000000"),
        (("touch", "tried"), ""),
    ],
    ids=["the root", "capabilities", "its folder"],
)
def test_nothing_but_its_folder_can_be_written(tmp_path: Path, command, said):
    tried = subprocess.run(hardened(tmp_path, *command), capture_output=True, text=True)

    assert said in tried.stdout + tried.stderr
    assert (tried.returncode == 0) == ("/tried" not in command)


def test_jobs_of_both_pools_run_and_documents_are_read(house: House):
    run_first_jobs(Client(f"http://127.0.0.1:{house.port}"), house.logs)

    for name, port in house.metrics.items():
        healthy = [sys.executable, "-I", "-S", DEPLOY / "docker" / "healthy.py", f"{port}/health"]
        assert subprocess.run(healthy).returncode == 0, name
    for log in house.logs.glob("*.log"):
        assert "Read-only" not in log.read_text(), log.name


def test_the_programs_that_this_needs_are_there():
    assert shutil.which("unshare")
    assert shutil.which("setpriv")
