"""What the limiter refuses with."""

from haulage.domain.errors import NotRetryable


class NeverFits(NotRetryable):
    """More than a limit allows even when nothing else is there."""

    code = "never_fits"

    def __init__(self, pool: str, limit: str) -> None:
        super().__init__(
            f"This call is larger than {pool!r} allows at all: {limit}. Make it smaller."
        )
        self.pool = pool
        self.limit = limit
