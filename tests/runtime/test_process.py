import os
import signal
import threading
import time
from pathlib import Path

import pytest

from haulage.runtime.fault import StartFault, StartInterrupted
from haulage.runtime.launch import launch_command
from haulage.runtime.process import Process, ProcessSpec, StopStep, await_ready

from .conftest import gone, until


def shell(script: str, **options) -> ProcessSpec:
    return ProcessSpec("program", ("sh", "-c", script), **options)


@pytest.fixture
def start(tmp_path):
    started: list[Process] = []

    def start(spec: ProcessSpec) -> Process:
        started.append(Process(spec, tmp_path / "program.log"))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def test_it_runs_until_it_is_stopped(start):
    process = start(shell("exec sleep 600"))
    assert not gone(process.pid)
    process.stop()
    assert process.exit_code == -signal.SIGTERM


def test_it_has_a_session_of_its_own(start):
    process = start(shell("exec sleep 600"))
    assert os.getsid(process.pid) == process.pid


def test_its_end_is_seen_whatever_is_signalled_at_that_moment(start):
    for _ in range(10):
        process = start(shell("exit 3"))
        until_s = time.monotonic() + 10
        while process.exit_code is None and time.monotonic() < until_s:
            process.signal(signal.SIGCONT)
        assert process.exit_code == 3


def test_it_outlives_the_thread_that_asked_for_it(start):
    started = []
    thread = threading.Thread(target=lambda: started.append(start(shell("exec sleep 600"))))
    thread.start()
    thread.join()
    # Long enough for the signal that the kernel would have sent at the thread's end.
    assert not started[0].wait(0.3)


def test_it_ends_with_a_killed_parent(run_program, tmp_path):
    parent = run_program(
        "import sys; from pathlib import Path\n"
        "from haulage.runtime.process import Process, ProcessSpec\n"
        "process = Process(ProcessSpec('program', ('sleep', '600')), Path(sys.argv[1]))\n"
        "print(process.pid, flush=True); sys.stdin.read()",
        str(tmp_path / "log"),
    )
    pid = int(parent.stdout.readline())
    until(lambda: b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0])
    parent.kill()
    until(lambda: gone(pid), within_s=5)


def test_it_does_not_start_for_a_parent_that_is_dead_already(start, tmp_path):
    mark = tmp_path / "mark"
    started_by_another = launch_command(["touch", str(mark)], parent=1, death_signal=9)
    process = start(ProcessSpec("program", tuple(started_by_another)))
    assert process.wait(5)
    assert process.exit_code == 125
    assert not mark.exists()


def test_what_it_leaves_behind_is_killed_when_it_ends(start, tmp_path):
    child = tmp_path / "child"
    process = start(shell(f"sleep 600 & echo $! > {child}; exit 3"))
    assert process.wait(5)
    assert process.exit_code == 3
    until(lambda: gone(int(child.read_text())))


def test_one_that_ignores_its_signal_is_killed_after_the_last_step(start, tmp_path):
    ready = tmp_path / "ready"
    steps = (StopStep(signal.SIGINT, 0.1), StopStep(signal.SIGTERM, 0.1))
    script = f"trap 'echo heard INT' INT; trap '' TERM; touch {ready}; while :; do sleep 0.05; done"
    process = start(shell(script, stop=steps))
    until(ready.exists)
    process.stop()
    assert process.exit_code == -signal.SIGKILL
    assert "heard INT" in process.tail()


def test_in_a_hurry_the_long_steps_are_left_out(start, tmp_path):
    ready = tmp_path / "ready"
    process = start(
        shell(
            f"trap '' TERM; trap 'exit 7' QUIT; touch {ready}; while :; do sleep 0.05; done",
            stop=(StopStep(signal.SIGTERM, 600),),
            hurried_stop=(StopStep(signal.SIGQUIT, 5),),
        )
    )
    until(ready.exists)
    hurry = threading.Event()
    stopping = threading.Thread(target=lambda: process.stop(hurry=hurry))
    stopping.start()
    hurry.set()
    stopping.join(10)
    assert process.exit_code == 7


def test_a_program_that_does_not_exist_says_so_in_its_log(start):
    process = start(ProcessSpec("program", ("/no/such/program",)))
    assert process.wait(5)
    assert process.exit_code == 127
    assert "cannot start /no/such/program: No such file or directory" in process.tail()


def test_one_that_dies_before_it_answers_is_a_fault_with_its_last_words(start):
    process = start(shell("echo out of luck; exit 4", ready=lambda: False))
    with pytest.raises(StartFault, match=r"(?s)program died \(exit code 4\).*out of luck"):
        await_ready(process)


def test_one_that_runs_but_never_answers_is_a_fault(start):
    process = start(shell("exec sleep 600", ready=lambda: False, ready_timeout_s=0.1))
    with pytest.raises(StartFault, match=r"did not answer within 0\.1 s"):
        await_ready(process)


def test_waiting_for_an_answer_ends_when_told_to_give_up(start):
    process = start(shell("exec sleep 600", ready=lambda: False))
    give_up = threading.Event()
    give_up.set()
    with pytest.raises(StartInterrupted):
        await_ready(process, give_up=give_up)


def test_a_log_that_has_grown_is_set_aside(start, tmp_path):
    log = tmp_path / "program.log"
    log.write_bytes(b"x" * 10_000_001)
    assert start(shell("echo fresh")).wait(5)
    assert log.read_text() == "fresh\n"
    assert (tmp_path / "program.1.log").stat().st_size == 10_000_001


def test_the_launcher_needs_nothing_but_the_standard_library(run_program):
    code = (
        "import sys; before = set(sys.modules); import haulage.runtime.launch\n"
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names)))"
    )
    assert run_program(code).communicate()[0].split() == ["haulage"]
