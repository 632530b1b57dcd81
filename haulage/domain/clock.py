"""Time as an argument."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time that the whole installation agrees on."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        ...


class SystemClock:
    """This machine's clock, moved by the offset that was last measured against PostgreSQL's.

    Leases and due times are compared over machines; PostgreSQL's clock is the one they share.
    """

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        return self._machine_now() + self._offset

    def calibrate(self, shared_now: datetime) -> timedelta:
        """Agree with `shared_now`, just read from PostgreSQL; returns the offset now in use."""
        self._offset = shared_now - self._machine_now()
        return self._offset

    def _machine_now(self) -> datetime:
        return datetime.now(UTC)
