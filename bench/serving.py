"""A small application in a process of its own, served as Haulage's API is: what it is held against.

A module that has one ends with `serving.serve(app)`; the application answers `GET /ready`.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from haulage.runtime import ports
from haulage.runtime.http_probe import HttpProbe


@dataclass(frozen=True)
class Served:
    """Where it is."""

    url: str
    pid: int


@contextmanager
def running(module: str) -> Iterator[Served]:
    """The application of `module`, while the block lasts."""
    with ports.reserve_free() as port:
        process = subprocess.Popen([sys.executable, "-m", module, str(port.number)])
        try:
            probe = HttpProbe("127.0.0.1", port.number, "/ready")
            while not probe():
                if process.poll() is not None:
                    raise RuntimeError(f"{module} ended with {process.returncode}")
                time.sleep(0.05)
            yield Served(f"http://127.0.0.1:{port.number}", process.pid)
        finally:
            process.terminate()
            process.wait(10)


def serve(app: Any) -> None:
    """Serve `app` on the port that is the first argument."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
