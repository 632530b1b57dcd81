"""What holds for every job of a type: tries, time, and what it costs."""

import math
from dataclasses import dataclass, field

from haulage.domain.backoff import Backoff
from haulage.domain.credits import Charge, Material, Price, price_of
from haulage.domain.errors import DefinitionFault

# PostgreSQL adds these seconds to a timestamp; what overflows there would stop a worker's beat.
MAX_TIMEOUT_S = 30 * 24 * 3600.0
MAX_MAX_ATTEMPTS = 10_000


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for every job of a type unless the submit says otherwise.

    `timeout_s` is the limit of one attempt. `retry_unknown` says whether an error that Haulage does
    not know is tried again (row B7: by default it is not).

    `price_credits` is what one run costs, a number or a function of its input and its files; it is
    reserved at the submit. `charge_credits` says what a run has come to, at most its price; without
    it one that succeeded costs its price, and one that failed or was cancelled nothing.
    """

    max_attempts: int = 3
    timeout_s: float = 300.0
    backoff: Backoff = field(default_factory=Backoff)
    retry_unknown: bool = False
    max_crashes: int = 3
    price_credits: Price = 0
    charge_credits: Charge | None = None

    def __post_init__(self) -> None:
        if (
            not 1 <= self.max_attempts <= MAX_MAX_ATTEMPTS
            or not is_timeout(self.timeout_s)
            or self.max_crashes < 1
        ):
            raise DefinitionFault(
                f"a policy needs max_attempts within 1..{MAX_MAX_ATTEMPTS}, timeout_s above 0 and "
                f"at most {MAX_TIMEOUT_S:g}, and max_crashes >= 1"
            )
        if not callable(self.price_credits):
            price_of(self.price_credits, None, Material())

    @property
    def is_priced(self) -> bool:
        """Whether its jobs may cost anything."""
        return self.price_credits != 0


def is_timeout(seconds: float) -> bool:
    """Whether `seconds` can be an attempt's time limit."""
    return math.isfinite(seconds) and 0 < seconds <= MAX_TIMEOUT_S
