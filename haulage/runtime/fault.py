"""What stops a start: said as what happened, why, and what to do about it."""

from haulage.domain.errors import HaulageError


class StartFault(HaulageError):
    """The runtime cannot start.

    `what` and `why` are sentences, `hint` says what mends it, `log` has the last lines of the
    process that failed. As text: `what`, then `why` and `log` on lines of their own.
    """

    code = "start_failed"

    def __init__(self, what: str, *, why: str, hint: str, log: str = "") -> None:
        super().__init__("\n".join(part for part in (what, why, log) if part))
        self.what = what
        self.why = why
        self.hint = hint
        self.log = log


class StartInterrupted(HaulageError):
    """Somebody asked for the stop before everything answered."""

    code = "start_interrupted"
