"""`crunch`: keep one processor core busy (row D9). Shows what the cpu pool is for."""

import time

from pydantic import BaseModel, ConfigDict, Field

from haulage.domain.context import BlockingContext
from haulage.domain.job_type import Policy, job_type

MAX_SECONDS = 600
_REPORT_EVERY_S = 0.2
_SEGMENT = 1 << 15


class CrunchInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(
        default=5.0, ge=0, le=MAX_SECONDS, description="How long to compute, in seconds."
    )


class Crunched(BaseModel):
    seconds: float = Field(description="How long the job computed, in seconds.")
    numbers: int = Field(description="All numbers below this one were tested.")
    primes: int = Field(description="How many of them are prime.")
    largest: int | None = Field(description="The largest prime among them.")


@job_type("crunch", policy=Policy(timeout_s=MAX_SECONDS + 60), example={"seconds": 5})
def crunch(input: CrunchInput, ctx: BlockingContext) -> Crunched:
    """Count prime numbers on one core for `seconds` seconds, reporting progress."""
    start = time.monotonic()
    reported = start
    primes: list[int] = []
    tested = 2
    while (now := time.monotonic()) - start < input.seconds:
        if now - reported >= _REPORT_EVERY_S:
            reported = now
            ctx.progress(100 * (now - start) / input.seconds, step=f"{len(primes)} primes")
        primes.extend(_primes_within(tested, tested + _SEGMENT, primes))
        tested += _SEGMENT
    return Crunched(
        seconds=round(time.monotonic() - start, 3),
        numbers=tested,
        primes=len(primes),
        largest=primes[-1] if primes else None,
    )


def _primes_within(low: int, high: int, smaller: list[int]) -> list[int]:
    """The primes in [low, high) by a segmented sieve, given all primes below `low`."""
    composite = bytearray(high - low)
    found: list[int] = []
    for prime in smaller:
        if prime * prime >= high:
            break
        _strike(composite, low, prime)
    for offset, is_composite in enumerate(composite):
        if not is_composite:
            number = low + offset
            found.append(number)
            if number * number < high:
                _strike(composite, low, number)
    return found


def _strike(composite: bytearray, low: int, prime: int) -> None:
    first = max(prime * prime, -(-low // prime) * prime) - low
    composite[first::prime] = b"\x01" * len(range(first, len(composite), prime))
