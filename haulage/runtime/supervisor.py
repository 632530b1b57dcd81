"""Keeps processes running until it is told to stop, and then stops them all.

Every process that ends by itself is started again, at once the first time and then ever later; one
that lived for a while starts anew with a clean slate. On Linux the kernel ends the processes when
the supervisor is killed (`launch.py`); children of theirs lie in the same process group, which is
killed when its leader ends under a living supervisor. A worker's own children (Celery's prefork)
have to ask for a death signal of their own to end with a parent that dies after its supervisor.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from haulage.runtime.fault import StartFault, StartInterrupted
from haulage.runtime.process import Process, ProcessSpec, await_ready, died

CRASH_LOOP_DEATHS = 3
_FIRST_DELAY_S = 0.1
_LONGEST_DELAY_S = 10.0
_HEALTHY_AFTER_S = 10.0


@dataclass(frozen=True)
class Started:
    name: str
    pid: int


@dataclass(frozen=True)
class Answering:
    """It answers (or needs no probe), `after_s` seconds after its start."""

    name: str
    pid: int
    after_s: float


@dataclass(frozen=True)
class Died:
    """It ended unasked and is started again in `restart_in_s`; `fault` says how it ended."""

    name: str
    pid: int | None
    fault: StartFault
    restart_in_s: float


@dataclass(frozen=True)
class CrashLooping:
    """It keeps dying: `fault.log` has its last lines. It is still tried again."""

    name: str
    deaths: int
    fault: StartFault


@dataclass(frozen=True)
class Stopped:
    """We stopped it, which took `after_s` seconds."""

    name: str
    after_s: float


Event = Started | Answering | Died | CrashLooping | Stopped


class Supervisor:
    """Processes in groups: started in order, stopped group by group in reverse."""

    def __init__(self, logs: Path, on_event: Callable[[Event], None]) -> None:
        """`on_event` is called from several threads, one call at a time, and must not raise."""
        self._logs = logs
        self._on_event = on_event
        self._reporting = threading.Lock()
        self._groups: list[list[_Kept]] = []
        self._hurry = threading.Event()

    def start(self, *specs: ProcessSpec) -> None:
        """Begin to keep a group of processes; returns before they answer."""
        group = [
            _Kept(spec, self._logs / f"{spec.name}.log", self._report, self._hurry)
            for spec in specs
        ]
        self._groups.append(group)
        for kept in group:
            kept.start()

    def await_answers(self, give_up: threading.Event) -> None:
        """Return once every process answers.

        Raises StartFault when one keeps dying, StartInterrupted when `give_up` is set first.
        """
        while not all(kept.answering for kept in self._kept()):
            self.check()
            if give_up.wait(0.02):
                raise StartInterrupted("stopped before everything answered")

    def check(self) -> None:
        """Raise the StartFault of the first process that keeps dying, if there is one."""
        for kept in self._kept():
            if kept.deaths >= CRASH_LOOP_DEATHS and kept.fault is not None:
                raise kept.fault

    def pids(self) -> dict[str, list[int]]:
        """Of each process that answers its pid, then those of its direct children."""
        answering = {kept.spec.name: kept.answering for kept in self._kept()}
        return {
            name: [process.pid, *process.children()]
            for name, process in answering.items()
            if process is not None
        }

    def stop(self) -> None:
        """Stop all, last group first; returns when nothing of them runs any more."""
        while self._groups:
            group = self._groups[-1]
            stopping = [threading.Thread(target=kept.stop) for kept in group]
            for thread in stopping:
                thread.start()
            for thread in stopping:
                thread.join()
            self._groups.pop()

    def hurry(self) -> None:
        """Make a `stop` under way (or to come) a hard one."""
        self._hurry.set()

    def _kept(self) -> Sequence["_Kept"]:
        return [kept for group in self._groups for kept in group]

    def _report(self, event: Event) -> None:
        with self._reporting:
            self._on_event(event)


class _Kept:
    """One process and the thread that keeps it running."""

    def __init__(
        self,
        spec: ProcessSpec,
        log: Path,
        report: Callable[[Event], None],
        hurry: threading.Event,
    ) -> None:
        self.spec = spec
        self.answering: Process | None = None
        self.deaths = 0
        self.fault: StartFault | None = None
        self._process: Process | None = None
        self._log = log
        self._report = report
        self._hurry = hurry
        self._stopping = threading.Event()
        self._starting = threading.Lock()  # a stop never misses a process that is being started
        self._thread = threading.Thread(target=self._keep, name=f"keep-{spec.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        began = time.monotonic()
        self._stopping.set()
        with self._starting:
            process = self._process
        if process is not None:
            process.stop(hurry=self._hurry)
        self._thread.join()
        self._report(Stopped(self.spec.name, time.monotonic() - began))

    def _keep(self) -> None:
        stopping = False
        while not stopping:
            process = None
            try:
                process = self._spawn()
                self._report(Started(self.spec.name, process.pid))
                await_ready(process, give_up=self._stopping)
                self.answering = process
                self._report(Answering(self.spec.name, process.pid, process.age_s))
                process.wait()
                fault = died(process)
            except StartInterrupted:
                return
            except StartFault as did_not_start:
                fault = did_not_start
                if process is not None:
                    process.stop(hurry=self._hurry)
            stopping = self._stopping.is_set() or self._pause(process, fault)

    def _spawn(self) -> Process:
        with self._starting:
            if self._stopping.is_set():
                raise StartInterrupted(f"stopped before {self.spec.name} was started")
            try:
                self._process = Process(self.spec, self._log)
            except OSError as error:
                raise StartFault(
                    f"{self.spec.name} cannot be started.",
                    why=f"The system says: {error.strerror}.",
                    hint="Free memory, processes or disk space; it is tried again.",
                ) from error
            return self._process

    def _pause(self, process: Process | None, fault: StartFault) -> bool:
        """Take note of a death and wait before the next start; True when told to stop."""
        self.answering = None
        if process is not None and process.age_s > _HEALTHY_AFTER_S:
            self.deaths = 0
        self.fault = fault
        self.deaths += 1
        delay_s = min(_FIRST_DELAY_S * 2 ** (self.deaths - 1), _LONGEST_DELAY_S)
        self._report(Died(self.spec.name, process.pid if process else None, fault, delay_s))
        if self.deaths == CRASH_LOOP_DEATHS:
            self._report(CrashLooping(self.spec.name, self.deaths, fault))
        return self._stopping.wait(delay_s)
