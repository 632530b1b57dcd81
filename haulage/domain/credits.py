"""Credits: what jobs cost, and the moves of a ledger that keeps account of it.

Each entry moves an amount from one book to another, so that the books of a tenant always add up to
nothing. What a tenant may spend is in `available`; a job's price lies in `reserved` from its submit
to its end, and goes from there to `spent` or back. Where credits come from and where they go when
their time is over are books as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from haulage.domain.errors import DefinitionFault
from haulage.domain.job import Progress, Usage
from haulage.domain.lifecycle import State

# What one job may cost, and one grant give: sums of them stay whole numbers in every language.
MOST = 10**12


class Book(StrEnum):
    """Where credits lie."""

    ISSUED = "issued"
    AVAILABLE = "available"
    RESERVED = "reserved"
    SPENT = "spent"
    EXPIRED = "expired"


class Kind(StrEnum):
    """Why credits move."""

    GRANT = "grant"
    RESERVE = "reserve"
    CHARGE = "charge"
    REFUND = "refund"
    EXPIRE = "expire"


MOVES: dict[Kind, tuple[Book, Book]] = {
    Kind.GRANT: (Book.ISSUED, Book.AVAILABLE),
    Kind.RESERVE: (Book.AVAILABLE, Book.RESERVED),
    Kind.CHARGE: (Book.RESERVED, Book.SPENT),
    Kind.REFUND: (Book.RESERVED, Book.AVAILABLE),
    Kind.EXPIRE: (Book.AVAILABLE, Book.EXPIRED),
}
# Each of them at most once for each run of a job.
OF_JOBS = (Kind.RESERVE, Kind.CHARGE, Kind.REFUND)


@dataclass(frozen=True, slots=True)
class Material:
    """The files that an input names, together: how many, their pages as far as they have some,
    their bytes."""

    files: int = 0
    pages: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """How a run ended, for what it costs: `result` is None unless it succeeded. `usage` and
    `progress` are the job's, as far as its last attempt told."""

    state: State
    input: Any
    result: Any = None
    usage: Usage = field(default_factory=Usage)
    progress: Progress = field(default_factory=Progress)


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of the `whole` of a run's price, rounded up to the next credit."""

    part: int
    whole: int


# The whole price of a job, known before it is accepted; and what of it a run has come to.
Price: TypeAlias = int | Callable[[Any, Material], int]
Charge: TypeAlias = Callable[[Work], int | Share]


def price_of(price: Price, value: Any, material: Material) -> int:
    """What a job with this input costs at most; raises `DefinitionFault` for an impossible one."""
    return _sound(price(value, material) if callable(price) else price, "price_credits")


def charge_of(charge: Charge, work: Work) -> int | Share:
    """What a run comes to; raises `DefinitionFault` for an impossible one."""
    amount = charge(work)
    if isinstance(amount, Share):
        if not 0 <= amount.part <= amount.whole <= MOST or not amount.whole:
            raise DefinitionFault(f"charge_credits must be a part of a whole, not {amount!r}")
        return amount
    return _sound(amount, "charge_credits")


def _sound(credits: object, which: str) -> int:
    if isinstance(credits, bool) or not isinstance(credits, int) or not 0 <= credits <= MOST:
        raise DefinitionFault(f"{which} must be a whole number within 0..{MOST}, not {credits!r}")
    return credits
