"""Exponential backoff with jitter. Randomness is an argument."""

import math
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """`base_s · factor^(attempt-1)`, at most `max_s`, spread by ± `jitter` (a share of the delay).

    The default gives 2, 4, 8 s … (row B7).
    """

    base_s: float = 2.0
    factor: float = 2.0
    max_s: float = 600.0
    jitter: float = 0.2

    def __post_init__(self) -> None:
        # Written so that NaN fails too.
        seconds = 0 <= self.base_s < math.inf and 0 <= self.max_s < math.inf
        if not (seconds and 1 <= self.factor <= 1000 and 0 <= self.jitter <= 1):
            raise ValueError(
                "backoff needs finite base_s and max_s >= 0, factor within 1..1000 "
                "and jitter within 0..1"
            )

    def delay_s(self, attempt: int, random: Random) -> float:
        """Seconds to wait after the `attempt`-th try (counted from 1) has failed."""
        # The exponent is capped so that a job with thousands of attempts cannot overflow a float.
        raw = self.base_s * self.factor ** min(max(attempt, 1) - 1, 64)
        capped = min(raw, self.max_s)
        return min(capped * (1 + self.jitter * (2 * random.random() - 1)), self.max_s)
