"""A worker's identity, shared between the parent process and its children.

A worker that was declared dead while it was only slow comes back under a new id. Children that were
forked before that must claim under the new one, so the id lies in memory they share.
"""

import mmap
import os
import socket
from uuid import UUID

from haulage.domain.ids import uuid7


class Incarnation:
    """The id in force; make it before the pool forks."""

    def __init__(self) -> None:
        # Anonymous shared memory. 16 bytes are written by one thread of one process; a reader that
        # sees half of a new id claims nothing wrong: no worker row has it, the claim is refused.
        self._memory = mmap.mmap(-1, 16)
        self.renew()

    @property
    def id(self) -> UUID:
        """The id to claim under."""
        return UUID(bytes=self._memory[:16])

    def renew(self) -> UUID:
        """Become somebody new."""
        fresh = uuid7()
        self._memory[:16] = fresh.bytes
        return fresh


def worker_name(pool: str) -> str:
    """A name for people: `io@host:pid`."""
    return f"{pool}@{socket.gethostname()}:{os.getpid()}"
