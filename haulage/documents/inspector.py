"""Processes that look into files which nobody trusts (`inspection.py`).

Promises an answer for every file, whatever is in it: one that kills the process, takes too long or
too much memory is `unreadable`. The processes see no setting and no secret of ours, start when they
are first needed and serve one file after the other.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from haulage.documents.errors import Unreadable
from haulage.documents.inspection import (
    NOTHING,
    Drawing,
    Finding,
    Question,
    Wish,
    is_worth_it,
)

LOST = Finding(
    fault_code=Unreadable.code, fault="Looking into the file took too long, or too much memory."
)
NOT_DRAWN = Drawing(
    fault_code=Unreadable.code, fault="Drawing the page took too long, or too much memory."
)
# Python reads these to find our modules; nothing else is passed on.
PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
# Starting a process takes this long on a busy machine, beside the question's own limit.
START_S = 10.0


class Inspector:
    """`processes` at most, each with a thread that waits for it."""

    def __init__(
        self, *, max_pages: int, max_pixels: int, limit_s: float = 10.0, processes: int = 2
    ) -> None:
        self._max_pages = max_pages
        self._max_pixels = max_pixels
        self._limit_s = limit_s
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="inspector")
        self._own = threading.local()
        self._all: list[_Process] = []

    def inspect(self, path: Path, media_type: str) -> "Future[Finding]":
        """What is in the file at `path`, which begins like `media_type`; soon."""
        if not is_worth_it(media_type):
            known: Future[Finding] = Future()
            known.set_result(NOTHING)
            return known
        question = Question(str(path), media_type, self._max_pages, self._max_pixels, self._limit_s)
        return self._threads.submit(self._inspected, question)

    def draw(self, path: Path, page: int, *, wide: int) -> "Future[Drawing]":
        """Page `page`, counted from 1, of the file at `path`, at most `wide` pixels wide; soon."""
        wish = Wish(str(path), page, wide, self._max_pages, self._limit_s)
        return self._threads.submit(self._drawn, wish)

    def close(self) -> None:
        """End the processes; what they are looking into is `unreadable`."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._all:
            process.kill()
        self._threads.shutdown()
        for process in self._all:
            process.end()

    def _inspected(self, question: Question) -> Finding:
        said = self._ask(question)
        return LOST if said is None else Finding(**said)

    def _drawn(self, wish: Wish) -> Drawing:
        said = self._ask(wish)
        return NOT_DRAWN if said is None else Drawing(**said)

    def _ask(self, question: Question | Wish) -> dict[str, Any] | None:
        process: _Process | None = getattr(self._own, "process", None)
        if process is None:
            process = self._own.process = _Process()
            self._all.append(process)
        return process.ask(question)


class _Process:
    """One process, started again after its death."""

    def __init__(self) -> None:
        self._started: subprocess.Popen[bytes] | None = None
        self._killed = False

    def ask(self, question: Question | Wish) -> dict[str, Any] | None:
        """What it answers; None where the question was the end of it."""
        line = json.dumps(asdict(question)).encode() + b"\n"
        for _ in range(2):
            if self._killed:
                break
            process = self._started or self._start()
            try:
                return self._answer(process, line, question.limit_s + START_S)
            except BrokenPipeError:
                # It had died before it began; a new one has done nothing wrong yet.
                self.end()
        return None

    def kill(self) -> None:
        """From another thread: whoever waits for an answer waits no longer."""
        self._killed = True
        if (process := self._started) is not None:
            process.kill()

    def end(self) -> None:
        """Kill it and leave nothing of it; by the thread that asks, or after it."""
        process, self._started = self._started, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def _start(self) -> "subprocess.Popen[bytes]":
        self._started = subprocess.Popen(
            [sys.executable, "-P", "-m", "haulage.documents.inspection"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
            bufsize=0,
            # A Ctrl-C at the terminal is for its parent.
            start_new_session=True,
        )
        return self._started

    def _answer(
        self, process: "subprocess.Popen[bytes]", line: bytes, within_s: float
    ) -> dict[str, Any] | None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line)
        said = _lines(process.stdout.fileno(), 2, within_s)
        if said.count(b"\n") == 2:
            answer: dict[str, Any] = json.loads(said.splitlines()[1])
            return answer
        if not said and _has_ended(process):
            raise BrokenPipeError
        self.end()
        return None


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Its output has; give it the moment that it takes to be gone."""
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return False
    return True


def _lines(descriptor: int, count: int, within_s: float) -> bytes:
    """`count` lines; fewer when the other side ends or the time does."""
    deadline = time.monotonic() + within_s
    said = b""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while said.count(b"\n") < count:
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not poll.poll(left_s * 1000):
            break
        piece = os.read(descriptor, 65536)
        if not piece:
            break
        said += piece
    return said
