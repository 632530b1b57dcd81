"""What the cpu pool asks the operating system about its children."""

import ctypes
import os
import re
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """A worker parent that is killed takes its children along (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def peak_rss_bytes_of(pid: int) -> int | None:
    """A process's peak resident memory (Linux); None where nobody tells."""
    return _memory(pid, "VmHWM")


def rss_bytes_of(pid: int) -> int | None:
    """A process's resident memory now (Linux); None where nobody tells."""
    return _memory(pid, "VmRSS")


def exists(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def send(pid: int, signum: int) -> None:
    """Signal a process; one that is gone needs none."""
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return


def _memory(pid: int, field: str) -> int | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
