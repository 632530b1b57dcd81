"""Turns the signals that ask a program to stop into calls on an ordinary thread.

A Python signal handler runs in the middle of whatever the main thread does, maybe while it holds
the very lock that a stop needs. Here the handler does nothing, and a thread reads the signal's
number from the pipe that the interpreter writes to.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def on_stop_signals(call: Callable[[], None]) -> Iterator[None]:
    """Within the block every SIGINT, SIGTERM and SIGHUP calls `call`; main thread only.

    A SIGHUP that is ignored already stays so: that is what `nohup` asks for.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {
        number: signal.signal(number, lambda *_: None)
        for number in _STOP_SIGNALS
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
    }
    wakeup_before = signal.set_wakeup_fd(writer)

    def read() -> None:
        while number := os.read(reader, 1):
            if number[0] in before:
                call()

    thread = threading.Thread(target=read, name="stop-signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)
        thread.join()
        os.close(reader)
