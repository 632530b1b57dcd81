"""UUIDv7 ids: sortable by creation time, so that an id is also a keyset cursor.

Promises: strictly increasing within one process, also when the wall clock steps back.
Does not promise an order between processes closer than a millisecond.
"""

import os
import threading
import time
from collections.abc import Callable
from uuid import UUID

# So many random bytes at once: a system call for each id was a twelfth of what a submit costs.
POOL_BYTES = 4096


class Uuid7Source:
    """Makes UUIDv7 values (RFC 9562, method 1: a 42-bit counter below the millisecond)."""

    def __init__(
        self,
        now_ns: Callable[[], int] = time.time_ns,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._now_ns = now_ns
        self._random_bytes = random_bytes
        self._last_ms = -1
        self._counter = 0
        self.forget()

    def forget(self) -> None:
        """Start anew with other random bytes: for a process that was forked from this one, which
        would make the same ids else, and whose lock may be held by a thread that it has not got."""
        self._lock = threading.Lock()
        self._pool = b""
        self._taken = 0

    def __call__(self) -> UUID:
        with self._lock:
            now_ms = self._now_ns() // 1_000_000
            if now_ms > self._last_ms:
                self._last_ms = now_ms
                # The top bit starts clear so that a burst has room to count up.
                self._counter = int.from_bytes(self._random(6), "big") & ((1 << 41) - 1)
            else:
                self._counter += 1
                if self._counter >> 42:
                    self._last_ms += 1
                    self._counter = 0
            ms, counter = self._last_ms, self._counter
            tail = int.from_bytes(self._random(4), "big")
        value = (ms & ((1 << 48) - 1)) << 80
        value |= 0x7 << 76
        value |= (counter >> 30) << 64
        value |= 0b10 << 62
        value |= (counter & ((1 << 30) - 1)) << 32
        value |= tail
        return UUID(int=value)

    def _random(self, size: int) -> bytes:
        if self._taken + size > len(self._pool):
            self._pool = self._random_bytes(POOL_BYTES)
            self._taken = 0
        start, self._taken = self._taken, self._taken + size
        return self._pool[start : self._taken]


uuid7 = Uuid7Source()
os.register_at_fork(after_in_child=uuid7.forget)
