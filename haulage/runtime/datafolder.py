"""The data folder: what lies where, and that only one `haulage up` uses it at a time.

    postgres/   cluster/, password          logs/       <process>.log
    redis/      redis.conf, password        blobs/      files and large values
    ready.json  while everything answers    lock        held by the process that runs it
    admin.key   where callers need keys     webhooks.key  seals what signs webhooks

The lock is the kernel's, so it ends with its holder however that dies.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from haulage.client.address import default_data_folder
from haulage.runtime.fault import StartFault
from haulage.runtime.files import write_private


@dataclass(frozen=True)
class Ready:
    """Where everything answers; `processes` has each process's pid first, then its children's."""

    url: str
    database_url: str
    redis_url: str
    data: str
    processes: Mapping[str, list[int]]
    key: str | None = None

    def as_json(self) -> str:
        """One line: `{"event": "ready", …}`; with `key` where callers need one."""
        said = {"event": "ready", **asdict(self)}
        return json.dumps({name: value for name, value in said.items() if value is not None})


class DataFolder:
    """A data folder; nothing is made or touched before `lock`."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.postgres = self.path / "postgres"
        self.redis = self.path / "redis"
        self.logs = self.path / "logs"
        self.blobs = self.path / "blobs"
        self.webhooks_key = self.path / "webhooks.key"
        self.ready_file = self.path / "ready.json"
        self.key_file = self.path / "admin.key"
        self._lock: int | None = None

    def lock(self) -> None:
        """Make the folder and take it for this process. Raises StartFault when it cannot be had."""
        try:
            # Passed through by the user that PostgreSQL runs as under root; listed by us alone.
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            lock = os.open(self.path / "lock", flags, 0o600)
        except OSError as error:
            raise StartFault(
                f"The data folder {self.path} cannot be used.",
                why=f"{error.strerror}.",
                hint="Choose another one with --data, or mend its permissions.",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(lock, 32, 0).decode() or "unknown"
            os.close(lock)
            raise StartFault(
                f"The data folder {self.path} is in use.",
                why=f"Another haulage (pid {holder}) runs on it, and two would share one database.",
                hint=f"Stop it with `kill {holder}`, or start here with `haulage up --data DIR`.",
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock = lock
        self.retract()  # of a supervisor that was killed
        for private in (self.logs, self.blobs):
            private.mkdir(mode=0o700, exist_ok=True)

    def unlock(self) -> None:
        """Retract `ready.json` and let others take the folder."""
        if self._lock is not None:
            self.retract()
            os.close(self._lock)
            self._lock = None

    def announce(self, ready: Ready) -> None:
        """Write `ready.json` (with `pid`, ours), readable by its owner alone."""
        content = {**json.loads(ready.as_json()), "pid": os.getpid()}
        write_private(self.ready_file, json.dumps(content, indent=2) + "\n")

    def retract(self) -> None:
        """Remove `ready.json`, unless another process has the folder: nothing answers any more."""
        if self._lock is not None:
            self.ready_file.unlink(missing_ok=True)


def announced_database(environ: Mapping[str, str] = os.environ) -> str | None:
    """The database of the `haulage up` that runs in the default data folder."""
    try:
        said = json.loads((default_data_folder(environ) / "ready.json").read_text())
        url = said["database_url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if isinstance(url, str) else None
