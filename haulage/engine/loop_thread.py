"""An event loop in a thread of its own, for processes whose main thread belongs to Celery."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

from haulage.telemetry import logs

log = logs.get(__name__)

T = TypeVar("T")


class LoopThread:
    """Starts at once; `call` runs coroutines on it from any thread."""

    def __init__(self, name: str) -> None:
        self.loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def spawn(self, work: Coroutine[Any, Any, T]) -> "concurrent.futures.Future[T]":
        """Start `work` on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def call(self, work: Coroutine[Any, Any, T], *, within_s: float | None = None) -> T:
        """Run `work` on the loop and wait for its value."""
        return self.spawn(work).result(within_s)

    def stop(self, *, within_s: float = 5.0) -> None:
        """End the loop and its thread; what still runs is cancelled."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(within_s)

    def _run_until_stopped(self) -> None:
        while True:
            try:
                self.loop.run_forever()
            except (SystemExit, KeyboardInterrupt) as error:
                # A task of some handler's raised it: no reason to end everybody else's work.
                log.error("loop.exit_refused", error=type(error).__name__)
            else:
                return

    def _work(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self._run_until_stopped()
            leftover = asyncio.all_tasks(self.loop)
            for task in leftover:
                task.cancel()
            if leftover:
                self.loop.run_until_complete(asyncio.wait(leftover, timeout=2))
        finally:
            self.loop.close()
