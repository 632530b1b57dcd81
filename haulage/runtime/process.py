"""One process that we started: its log, its end, and nothing of it left behind.

Each process has its own session, so that Ctrl-C on the terminal reaches the supervisor alone, and
its own thread, which starts it and waits for it. Linux binds the death signal of `launch.py` to the
*thread* that started a child: this one lives exactly as long as the child, whoever asked for it.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from haulage.runtime.fault import StartFault, StartInterrupted
from haulage.runtime.launch import Identity, launch_command

_LOG_ROTATES_AT_BYTES = 10_000_000
_TAIL_BYTES = 16_000
_POLL_S = 0.02


@dataclass(frozen=True)
class StopStep:
    """A signal, and how many seconds the process has to end after it."""

    signal: signal.Signals
    timeout_s: float


class Child(Protocol):
    """What is needed of `subprocess.Popen`."""

    pid: int
    returncode: Any

    def wait(self) -> int:
        """Reap it."""


@dataclass(frozen=True)
class ProcessSpec:
    """What to run, how to see that it answers, and how to stop it.

    `env` is the whole environment; None inherits ours. `inherit` are file descriptors to keep.
    `bear` is asked for the child first and given the environment and where its output goes; while
    it gives None the command line is run. The stop steps are taken in turn, then the whole process
    group is killed; in a hurry only `hurried_stop` is taken. `ready` returns True once the process
    answers; it may be called from any thread and must not block for long.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    inherit: tuple[int, ...] = ()
    bear: "Callable[[Mapping[str, str], int], Child | None] | None" = None
    identity: Identity | None = None
    death_signal: signal.Signals = signal.SIGKILL
    stop: tuple[StopStep, ...] = (StopStep(signal.SIGTERM, 10),)
    hurried_stop: tuple[StopStep, ...] = ()
    ready: Callable[[], bool] | None = None
    ready_timeout_s: float = 30


class Process:
    """A running process. Every method may be called from any thread."""

    def __init__(self, spec: ProcessSpec, log: Path) -> None:
        """Start it, its output appended to `log`. OSError when it cannot even be forked."""
        self.spec = spec
        self.log = log
        self.started_at = time.monotonic()
        self._ended_at: float | None = None
        self._forked = threading.Event()
        self._ended = threading.Event()
        self._signalling = threading.Lock()
        self._child: Child | None = None
        self._error: OSError | None = None
        threading.Thread(target=self._live, name=f"process-{spec.name}", daemon=True).start()
        self._forked.wait()
        if self._error is not None:
            raise self._error

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def age_s(self) -> float:
        """Seconds since its start, until its end once it has ended."""
        return (self._ended_at or time.monotonic()) - self.started_at

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._child.returncode if self._child is not None and self._ended.is_set() else None

    def wait(self, timeout_s: float | None = None) -> bool:
        """True once it has ended, False when the time is up first."""
        return self._ended.wait(timeout_s)

    def signal(self, number: signal.Signals) -> None:
        """Signal the process itself, not its children; does nothing once it has ended."""
        with self._signalling:
            if self._child is not None and not self._ended.is_set():
                # Not `Popen.send_signal`: it reaps what has just died, and `_live` would wait for
                # somebody who is gone.
                os.kill(self._child.pid, number)

    def stop(self, *, hurry: threading.Event | None = None) -> None:
        """Stop it by its steps, then kill its group; `hurry` may be set while this waits."""
        for step in self.spec.stop:
            if _is_set(hurry):
                break
            self.signal(step.signal)
            if self._wait_unless(hurry, step.timeout_s):
                return
        for step in self.spec.hurried_stop:
            self.signal(step.signal)
            if self.wait(step.timeout_s):
                return
        self.kill()

    def kill(self) -> None:
        """SIGKILL to its whole process group; returns when it is gone."""
        with self._signalling:
            if not self._ended.is_set():
                _kill_group(self.pid)
        self.wait()

    def children(self) -> list[int]:
        """The pids of its direct children now; empty where /proc does not tell."""
        return children_of(self.pid)

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        return tail(self.log, lines)

    def _wait_unless(self, hurry: threading.Event | None, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not self.wait(0.05):
            if _is_set(hurry) or time.monotonic() > deadline:
                return False
        return True

    def _live(self) -> None:
        try:
            with _open_log(self.log) as output:
                self._child = child = self._start(output)
        except OSError as error:
            self._error = error
            return
        finally:
            self._forked.set()
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        else:
            child.wait()
        with self._signalling:
            # It is a zombie until reaped below, so its pid still names its group and nobody else's.
            _kill_group(child.pid)
            child.wait()
            self._ended_at = time.monotonic()
            self._ended.set()

    def _start(self, output: BinaryIO) -> Child:
        spec = self.spec
        if spec.bear is not None and spec.env is not None:
            born = spec.bear(spec.env, output.fileno())
            if born is not None:
                return born
        return subprocess.Popen(  # noqa: S603  our own programs
            launch_command(
                spec.argv,
                parent=os.getpid(),
                death_signal=spec.death_signal,
                identity=spec.identity,
            ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=spec.env,
            cwd=spec.cwd,
            pass_fds=spec.inherit,
            start_new_session=True,
        )


def await_ready(process: Process, *, give_up: threading.Event | None = None) -> None:
    """Return once the process answers.

    Raises StartFault with the end of its log when it dies first or takes longer than its
    `ready_timeout_s`, StartInterrupted when `give_up` is set first. Leaves it running or dead.
    """
    spec = process.spec
    deadline = process.started_at + spec.ready_timeout_s
    while spec.ready is not None and not spec.ready():
        if _is_set(give_up):
            raise StartInterrupted(f"stopped before {spec.name} answered")
        if process.wait(_POLL_S):
            raise died(process)
        if time.monotonic() > deadline:
            raise StartFault(
                f"{spec.name} did not answer within {spec.ready_timeout_s:g} s.",
                why="It runs but does not answer.",
                hint=f"Its log: {process.log}",
                log=process.tail(),
            )
    if process.exit_code is not None:  # what answered was somebody else
        raise died(process)


def died(process: Process) -> StartFault:
    """What to say of a process that has ended unasked."""
    code = process.exit_code
    assert code is not None
    end = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
    return StartFault(
        f"{process.spec.name} died ({end}).",
        why="Its last words are below." if process.tail() else "It left no word in its log.",
        hint=f"Its log: {process.log}",
        log=process.tail(),
    )


def children_of(pid: int) -> list[int]:
    """The pids whose parent is `pid`; empty where /proc does not tell."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # 'pid (name) state ppid …', and a name may itself hold parentheses.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(stat.parent.name))
    return sorted(found)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _open_log(log: Path) -> BinaryIO:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_ROTATES_AT_BYTES:
        log.replace(log.with_suffix(".1.log"))
    # Statements and messages are nobody else's business.
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _kill_group(leader: int) -> None:
    # Nothing left to kill, or (macOS) nothing but a zombie.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _is_set(event: threading.Event | None) -> bool:
    return event is not None and event.is_set()
