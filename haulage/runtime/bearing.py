"""The nursery's own process: imports, then forks into whatever its supervisor asks for.

It has one thread and opens nothing, so that a fork of it is as good as a new interpreter: no loop,
no connection, no lock that somebody holds. What depends on the process is told of the fork by those
who keep it (`random` starts anew, our ids take another page of randomness).
"""

import ctypes
import gc
import json
import os
import runpy
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from haulage import handlers
from haulage.runtime.launch import ORPHANED, bind_to_parent

PROGRAM = "haulage"
MODULES = (
    "haulage.cli.main",
    "haulage.cli.complaints",
    "haulage.cli.server",
    "haulage.cli.db",
    "haulage.wiring.migration",
    "haulage.wiring.api",
    "haulage.wiring.dispatcher",
    "haulage.wiring.worker",
    "haulage.wiring.models",
    # What these import only when they begin to work.
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.apps.worker",
    "celery.backends.base",
    "celery.concurrency.prefork",
    "celery.events.receiver",
    "celery.fixups.django",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.strategy",
    "haulage.engine.consumer",
    "kombu.transport.redis",
    *handlers.shipped(),
)
# An order holds a whole environment.
_MOST_BYTES = 200_000


@dataclass(frozen=True)
class Order:
    """What this process is to be: `output` and `go` are file descriptors."""

    arguments: Sequence[str]
    environment: dict[str, str]
    parent: int
    output: int
    go: int

    def become(self) -> None:
        """Turn the fork into the process that was ordered; end it when nobody wants it any more."""
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(self.output, 1)
        os.dup2(self.output, 2)
        wanted = os.read(self.go, 1)
        for used in (null, self.output, self.go):
            os.close(used)
        # Only now: the signal would also tell of the end of the process in between.
        if not wanted or not bind_to_parent(self.parent, signal.SIGKILL):
            os._exit(ORPHANED)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.argv = [PROGRAM, *self.arguments]
        with suppress(OSError, ValueError):
            _entitle(" ".join(sys.argv))


def main(arguments: Sequence[str]) -> None:
    """`CHANNEL …`: returns at the end of what it became, or when nobody can ask any more."""
    channel = socket.socket(fileno=int(arguments[0]))
    # Imports make nothing but lasting objects, and a tenth of their time is the collector's search
    # for garbage among them.
    gc.disable()
    for name in MODULES:
        with suppress(ImportError):  # the program itself will say better what is missing
            import_module(name)
    # And nothing that all share is to be touched, or each would get a copy of its own.
    gc.freeze()
    order = _next_birth(channel)
    if order is not None:
        order.become()
        gc.enable()
        runpy.run_module(PROGRAM, run_name="__main__", alter_sys=True)


def _next_birth(channel: socket.socket) -> Order | None:
    """Returns in the processes that are born; in the nursery None, once nobody asks any more."""
    while True:
        message, (*given,), _, _ = socket.recv_fds(channel, _MOST_BYTES, 2)
        if not message:
            return None
        order = Order(**json.loads(message), output=given[0], go=given[1])
        reader, writer = os.pipe()
        between = os.fork()
        if between == 0:
            try:
                born = os.fork()
            except BaseException:
                os._exit(1)
            if born:
                os._exit(0)
            # Before anybody knows of it: whoever kills it will kill its group.
            os.setsid()
            os.write(writer, b"%d" % os.getpid())
            for ours in (reader, writer):
                os.close(ours)
            channel.close()
            return order
        os.close(writer)
        pid = os.read(reader, 32)
        # Once it is reaped, what it bore has a new parent.
        os.waitpid(between, 0)
        for used in (reader, *given):
            os.close(used)
        # Empty when there was no memory for another process, or it was killed before it spoke.
        channel.send(pid)


def _entitle(title: str) -> None:
    """Show `title` as this process's command line, over the one it was born with."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(fields[45]), int(fields[46])
    # The kernel takes the text up to the first NUL when the last byte is none.
    text = title.encode()[: end - begin - 2]
    ctypes.memmove(begin, text.ljust(end - begin - 1, b"\0") + b" ", end - begin)


if __name__ == "__main__":
    main(sys.argv[1:])
