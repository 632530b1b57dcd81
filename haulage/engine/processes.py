"""What the cpu pool asks the operating system about its children."""

import ctypes
import os
import re
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
# An idle child has been promised some 250 MB that it does not use: stacks, arenas.
LEAST_ROOM_MB = 512


def bind_child(*, limit_mb: int | None) -> None:
    """What a child has the kernel do to it, and to what it starts (Linux): it dies with a parent
    that is killed, and is refused what would take it far beyond `limit_mb` at once (`bound_mb`)."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if limit_mb is not None:
        import resource  # not everywhere

        bound = bound_mb(limit_mb) * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))


def bound_mb(limit_mb: int) -> int:
    """What a child may be promised.

    Its limit is for what is resident, which is looked at ever so often. The kernel counts what may
    be written, touched or not, and libraries ask for more than they use (RapidOCR for 1.4 GB where
    0.9 become resident), so this bound is at twice the limit.
    """
    return max(2 * limit_mb, limit_mb + LEAST_ROOM_MB)


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
