"""What a job waits for that was parked, as its row, its events and `why` say it."""

from dataclasses import dataclass
from enum import StrEnum


class HoldupKind(StrEnum):
    """The `reason` of a job that is scheduled because of it.

    `quota`: a limit of a day, a week or a month is used up. `provider`: it asked for fewer calls.
    `limiter`: nobody can tell what is left of the limits, because Redis does not answer.
    """

    LIMIT = "limit"
    QUOTA = "quota"
    BREAKER = "breaker"
    PROVIDER = "provider"
    LIMITER = "limiter"


@dataclass(frozen=True, slots=True)
class Holdup:
    """`pool` is the provider, or the service; `limit` the limit that decides, in words."""

    kind: HoldupKind
    pool: str
    limit: str | None = None
