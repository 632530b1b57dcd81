"""Lets a program of Haulage do its imports while others still start what it needs.

A process takes longer to import its modules than PostgreSQL takes to start, and there are five of
them. So they are started at once, import, and wait at a gate: a pipe whose other end the
supervisor closes when it is their turn. One that is restarted later finds the gate open.
"""

import gc
import os
import runpy
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

# By the first argument, the modules a program will need.
WIRING = {
    "api": "api",
    "db": "migration",
    "dispatcher": "dispatcher",
    "worker": "worker",
}


class Gate:
    """A gate that is shut until `open` is called; its reading end is inherited by processes."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        self.is_open = False

    def open(self) -> None:
        """Let everybody through, from now on."""
        if not self.is_open:
            self.is_open = True
            os.close(self._writer)

    def close(self) -> None:
        """Forget the gate, once no process will be started with it any more."""
        self.open()
        if self.reader >= 0:
            os.close(self.reader)
            self.reader = -1

    def command(self, program: str, arguments: Sequence[str]) -> tuple[str, ...]:
        """The command line that imports, waits here, then runs `program` with the arguments.

        `program` is the name of a package with a `__main__`, or the path of a script.
        """
        return (sys.executable, "-m", __name__, str(self.reader), program, *arguments)


def main(arguments: Sequence[str]) -> None:
    """`READER PROGRAM ARGUMENT …`: see `Gate.command`."""
    reader, program, *rest = arguments
    is_script = program.endswith(".py")
    # Imports make nothing but lasting objects, and a tenth of their time is the collector's search
    # for garbage among them.
    gc.disable()
    if not is_script:
        with suppress(ImportError):  # the program itself will say better what is missing
            import_module(f"{program}.wiring.{WIRING.get(rest[0], 'services')}")
    gc.freeze()
    gc.enable()
    while os.read(int(reader), 1):
        pass
    os.close(int(reader))
    sys.argv = [program, *rest]
    if is_script:
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
