"""TCP ports on this machine, held so that two starts at the same time never pick the same one.

A port is looked for now and bound seconds later, by another process. In between it is held by an
abstract Unix socket: the kernel frees it with its holder, and its names live in the same network
namespace as the ports. Without abstract sockets (macOS) a port is looked for but not held.
"""

import random
import socket
import sys

from haulage.runtime.fault import StartFault

# Below the range from which Linux takes the ports of outgoing connections, so that none of them
# sits on the port of a server that is being restarted.
_FREE_PORTS = range(20_000, 32_000)


class Port:
    """One port held for a server that is about to bind it, or has bound it."""

    def __init__(self, number: int, hold: socket.socket | None) -> None:
        self.number = number
        self._hold = hold

    def release(self) -> None:
        """Let others pick this port again; a server that listens on it is left alone."""
        if self._hold is not None:
            self._hold.close()

    def __enter__(self) -> "Port":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def reserve(number: int, *, host: str = "127.0.0.1") -> Port | None:
    """Hold this very port; None when somebody listens on it or holds it."""
    hold = None
    if sys.platform == "linux":
        hold = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            hold.bind(f"\0haulage-port-{number}")
        except OSError:
            hold.close()
            return None
    if not _can_bind(host, number):
        if hold is not None:
            hold.close()
        return None
    return Port(number, hold)


def reserve_free(*, host: str = "127.0.0.1") -> Port:
    """Hold some port that nobody uses. OSError when none of many tries finds one."""
    for number in random.SystemRandom().sample(_FREE_PORTS, 200):
        port = reserve(number, host=host)
        if port is not None:
            return port
    raise OSError(f"no free port on {host} in {_FREE_PORTS.start}-{_FREE_PORTS.stop - 1}")


def claim(number: int | None = None, *, host: str = "127.0.0.1") -> Port:
    """Hold this port, or some free one when there is no number. Raises StartFault when taken."""
    if number is None:
        return reserve_free(host=host)
    port = reserve(number, host=host)
    if port is None:
        raise StartFault(
            f"Port {number} is taken.",
            why="Another process on this machine listens on it or is about to.",
            hint="Choose another port, or leave the choice out to get a free one.",
        )
    return port


def _can_bind(host: str, number: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind((host, number))
        except OSError:
            return False
        return True
