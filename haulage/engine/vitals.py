"""How a worker is, for whoever asks over HTTP. Its pulse says it; any thread may ask.

Promises: a worker is unwell while its crew is stuck, which a new process would mend, and only then.
It is not ready while its leases are not renewed, whether it has not begun or PostgreSQL does not
answer, which no new process would mend.
"""

import time
from collections.abc import Callable

from haulage.telemetry.scrape import Standing


class Vitals:
    """Of the worker `service`, whose leases last for `lease_s`."""

    def __init__(
        self, service: str, *, lease_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self._lease_s = lease_s
        self._monotonic = monotonic
        self._renewed_at: float | None = None
        # Whether the crew does not move.
        self.stuck = False

    def beat(self) -> None:
        """The leases were renewed just now."""
        self._renewed_at = self._monotonic()

    @property
    def lease_age_s(self) -> float:
        """Since when the leases were last renewed."""
        return 0.0 if self._renewed_at is None else self._monotonic() - self._renewed_at

    def health(self) -> Standing:
        """Whether this process is worth anything."""
        status = "stuck" if self.stuck else "ok"
        return Standing(not self.stuck, {"status": status, "service": self._service})

    def ready(self) -> Standing:
        """Whether it may take jobs."""
        renewed = self._renewed_at is not None and self.lease_age_s < self._lease_s
        failing = [] if renewed else ["leases"]
        failing += ["crew"] if self.stuck else []
        status = "not_ready" if failing else "ready"
        document = {"status": status, "service": self._service, "failing": failing}
        return Standing(not failing, document)
