"""A process that has imported everything and bears others."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from haulage.runtime.nursery import Nursery
from haulage.runtime.process import Process, ProcessSpec

from .conftest import gone, until

pytestmark = pytest.mark.skipif(not Nursery.is_possible(), reason="needs Linux")


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(os.environ, tmp_path_factory.mktemp("nursery") / "nursery.log")
    yield made
    made.close()


@pytest.fixture
def silence() -> Iterator[str]:
    """The URL of a PostgreSQL that never says a word: whoever asks it waits."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"postgresql://nobody@127.0.0.1:{listening.getsockname()[1]}/none"


def spec(nursery: Nursery, *arguments: str, **environment: str) -> ProcessSpec:
    return ProcessSpec(
        "program",
        ("sh", "-c", "echo the ordinary way; exit 3"),
        env={**os.environ, **environment},
        bear=lambda env, output: nursery.bear(arguments, env, output),
    )


def test_what_it_bears_runs_to_its_end_and_writes_to_its_own_log(
    nursery: Nursery, tmp_path: Path
) -> None:
    process = Process(spec(nursery, "--version"), tmp_path / "log")
    assert process.wait(20)
    assert process.exit_code == 0
    assert process.tail().startswith("haulage ")


def test_a_fault_is_told_in_the_log_and_by_the_exit_code(nursery: Nursery, tmp_path: Path) -> None:
    process = Process(spec(nursery, "no-such-command"), tmp_path / "log")
    assert process.wait(20)
    assert process.exit_code == 2
    assert "no-such-command" in process.tail()


def test_it_is_a_child_like_any_other(nursery: Nursery, tmp_path: Path, silence: str) -> None:
    log = tmp_path / "log"
    process = Process(spec(nursery, "db", "migrate", HAULAGE_DATABASE_URL=silence), log)
    try:
        assert os.getsid(process.pid) == process.pid
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes
        until(lambda: shown().rstrip(b"\0") == b"haulage db migrate")
        process.signal(signal.SIGTERM)
        assert process.wait(20)
        assert process.exit_code == -signal.SIGTERM
    finally:
        process.kill()


def test_it_ends_with_a_killed_supervisor(run_program, tmp_path: Path, silence: str) -> None:
    supervisor = run_program(
        "import os, sys; from pathlib import Path\n"
        "from haulage.runtime.nursery import Nursery\n"
        "folder = Path(sys.argv[1])\n"
        "nursery = Nursery(os.environ, folder / 'nursery.log')\n"
        "with (folder / 'log').open('wb') as log:\n"
        "    env = {**os.environ, 'HAULAGE_DATABASE_URL': sys.argv[2]}\n"
        "    print(nursery.bear(('db', 'migrate'), env, log.fileno()).pid, flush=True)\n"
        "sys.stdin.read()",
        str(tmp_path),
        silence,
    )
    pid = int(supervisor.stdout.readline())
    title = Path(f"/proc/{pid}/cmdline")
    until(lambda: b"migrate" in title.read_bytes())
    supervisor.kill()
    until(lambda: gone(pid), within_s=5)


def test_one_that_its_supervisor_never_heard_of_ends(nursery: Nursery, tmp_path: Path) -> None:
    go, may_go = os.pipe()
    with (tmp_path / "log").open("wb") as log:
        order = b'{"arguments": ["--version"], "environment": {}, "parent": %d}' % os.getpid()
        pid = nursery._ask(order, log.fileno(), go)
    assert pid is not None
    os.close(go)
    os.close(may_go)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 125
    assert (tmp_path / "log").read_text() == ""


def test_without_it_the_ordinary_way_is_taken(tmp_path: Path) -> None:
    nursery = Nursery(os.environ, tmp_path / "nursery.log")
    nursery.close()
    process = Process(spec(nursery, "--version"), tmp_path / "log")
    assert process.wait(20)
    assert (process.exit_code, process.tail()) == (3, "the ordinary way")


def test_one_that_is_killed_while_it_imports_is_no_obstacle(tmp_path: Path) -> None:
    nursery = Nursery(os.environ, tmp_path / "nursery.log")
    os.kill(nursery.pid, signal.SIGKILL)
    process = Process(spec(nursery, "--version"), tmp_path / "log")
    assert process.wait(20)
    assert process.tail() == "the ordinary way"
    nursery.close()
