"""Before a job is parked: what its other steps are doing is finished and stored first.

A step that must wait (`Snoozed`) would end the attempt, and with it the steps beside it, paid calls
in the middle of them. So it stands back until every step under way is over or stands back too. If
its own moment comes sooner, it goes on instead.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from haulage.domain.errors import Snoozed


@dataclass(eq=False, slots=True)
class Frame:
    """A step under way; `standing` says how many calls in it, or in steps within it, stand back."""

    key: str = ""
    outer: "Frame | None" = None
    standing: int = 0
    # How many questions to models it has asked so far.
    asked: int = 0

    def around(self) -> "Iterator[Frame]":
        """Itself and the steps that it is a part of."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.outer


_CURRENT: ContextVar[Frame | None] = ContextVar("haulage_step", default=None)


class Parking:
    """Of one attempt, on one event loop."""

    def __init__(self) -> None:
        # What is asked outside of all steps.
        self._handler = Frame()
        self._frames: set[Frame] = set()
        self._changed: asyncio.Future[None] | None = None
        # How many stand back, and when the wait of each is over, on the loop's clock.
        self._standing = 0
        self._waits: dict[Snoozed, float] = {}

    @property
    def frame(self) -> Frame:
        """The step that the caller is in, or the handler itself."""
        return _CURRENT.get() or self._handler

    @contextmanager
    def step(self, key: str) -> Iterator[None]:
        """A step is under way."""
        frame = Frame(key, _CURRENT.get())
        token = _CURRENT.set(frame)
        self._frames.add(frame)
        try:
            yield
        finally:
            _CURRENT.reset(token)
            self._frames.discard(frame)
            self._tell()

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """A step of a handler that does one thing at a time, in a thread of its own."""
        around, self._handler = self._handler, Frame(key)
        try:
            yield
        finally:
            self._handler = around

    async def stand_back(self, error: Snoozed) -> Snoozed | None:
        """Wait until no step is under way that does not stand back: what parks the job then, the
        shortest of all waits. None: the wait of `error` itself is over first."""
        loop = asyncio.get_running_loop()
        end = loop.time() + error.delay_s
        frames = list(self.frame.around())
        if not self._standing:
            self._waits.clear()
        self._standing += 1
        self._waits[error] = end
        for frame in frames:
            frame.standing += 1
        self._tell()
        try:
            # Steps that are called at the same moment have begun then.
            await asyncio.sleep(0)
            while any(not frame.standing for frame in self._frames):
                if (left_s := end - loop.time()) <= 0:
                    del self._waits[error]
                    return None
                self._changed = self._changed or loop.create_future()
                await asyncio.wait({self._changed}, timeout=left_s)
            return min(self._waits, key=lambda one: self._waits[one])
        finally:
            self._standing -= 1
            for frame in frames:
                frame.standing -= 1

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set_result(None)
            self._changed = None
