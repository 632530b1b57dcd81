"""An append-only ledger outside the system: what handlers really did, whatever the tables say.

One line is one small write to a file opened with O_APPEND, so lines of many processes never mix,
and a line that was written survives the `kill -9` of its writer.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

START = "start"
STEP = "step"


@dataclass(frozen=True, slots=True)
class Entry:
    """A handler's start or a step's effect. `at` in Unix seconds, `monotonic_s` of the machine."""

    kind: str
    job_id: UUID
    fence: int
    name: str
    pid: int
    at: float
    monotonic_s: float


class Ledger:
    """The writing end, one for each process."""

    def __init__(self, path: Path | str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def write(self, kind: str, job_id: UUID, fence: int, name: str) -> None:
        """Append one line; it is in the kernel's hands when this returns."""
        fields = [kind, str(job_id), fence, name, os.getpid(), time.time(), time.monotonic()]
        os.write(self._file, json.dumps(fields).encode() + b"\n")


def read(path: Path) -> list[Entry]:
    """All entries in the order in which they were written; none when nobody wrote."""
    if not path.exists():
        return []
    entries = []
    for line in path.read_text().splitlines():
        kind, job_id, fence, name, pid, at, monotonic_s = json.loads(line)
        entries.append(Entry(kind, UUID(job_id), fence, name, pid, at, monotonic_s))
    return entries
