"""Lets processes of ours begin with their imports behind them.

To import its modules takes a process of Haulage two seconds, the rest of its start a few tenths.
The nursery is one process that imports what any of them needs, and then forks into whatever is
asked of it (`bearing.py`): five starts pay for one import.

What it bears is the supervisor's own child, waited for and bound to its life like any other: the
process between the two ends at once, and for that moment orphans fall to the supervisor (Linux
calls it a subreaper; nothing else can do this). `bear` gives a child or None; after a None nothing
was started, and the ordinary way, a new interpreter, is open.
"""

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from haulage.runtime.launch import adopt_orphans
from haulage.runtime.process import Process, ProcessSpec, StopStep

_BEARING = "haulage.runtime.bearing"
# Those that are born write their own command line where the nursery's stands, for `ps`.
_ROOM = "-" * 200


class Born:
    """A child of this process that nobody here has started: the part of `Popen` that is needed."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def wait(self) -> int:
        """Reap it; its exit code, negative when a signal ended it."""
        _, status = os.waitpid(self.pid, 0)
        self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


class Nursery:
    """Bears processes that run `haulage`; may be asked from any thread."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        """Start to import, with `environment`; OSError when it cannot even be forked."""
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asking = threading.Lock()
        with theirs:
            self._process = Process(
                ProcessSpec(
                    "nursery",
                    (sys.executable, "-m", _BEARING, str(theirs.fileno()), _ROOM),
                    env=environment,
                    inherit=(theirs.fileno(),),
                    stop=(StopStep(signal.SIGTERM, 1),),
                ),
                log,
            )

    @property
    def pid(self) -> int:
        """Its own process."""
        return self._process.pid

    @staticmethod
    def is_possible() -> bool:
        """Whether this system lets a process adopt the orphans below it."""
        return sys.platform == "linux"

    def bear(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: int
    ) -> Born | None:
        """A process that runs `haulage` with the arguments and writes to `output`.

        Waits for the imports. None when the nursery is closed or dead.
        """
        order = {"arguments": arguments, "environment": dict(environment), "parent": os.getpid()}
        # Until we have written to it, what is born waits; if we never do, it ends.
        go, may_go = os.pipe()
        try:
            with self._asking:
                pid = self._ask(json.dumps(order).encode(), output, go)
            if pid is None:
                return None
            os.write(may_go, b"!")
            return Born(pid)
        finally:
            os.close(go)
            os.close(may_go)

    def cease(self) -> None:
        """Bear no more; whoever waits for a birth hears at once."""
        try:
            self._channel.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """End the nursery, not what it bore; harmless when done again."""
        self.cease()
        self._process.stop()
        self._channel.close()

    def _ask(self, order: bytes, output: int, go: int) -> int | None:
        try:
            adopt_orphans(True)
            socket.send_fds(self._channel, [order], [output, go])
            answer = self._channel.recv(32)
        except OSError:
            return None
        finally:
            adopt_orphans(False)
        return int(answer) if answer and _is_our_child(int(answer)) else None


def _is_our_child(pid: int) -> bool:
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
