"""What rate limits are told and what they answer, for those who ask and those who keep them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from haulage.domain.holdup import HoldupKind
from haulage.domain.job import DEFAULT_TENANT


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf a call is made. Limits may count for each of these apart."""

    tenant: str = DEFAULT_TENANT
    model: str = ""
    user: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a call will use at most: its input, and the most it may answer."""

    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 1

    @property
    def tokens(self) -> int:
        """Both together: what is reserved."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Spent:
    """What a call really used."""

    tokens: int = 0
    requests: int = 1


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: come again at `until`, with the same id to keep the place in line. `limit` says
    which limit decides, in words, and `kind` what kind of thing it is."""

    until: datetime
    wait_s: float
    limit: str
    kind: HoldupKind = HoldupKind.LIMIT


@dataclass(frozen=True, slots=True)
class QuarterUse:
    """What was used in the quarter of an hour that began at `quarter`. `whose` is a scope and its
    value, such as `tenant:acme`."""

    pool: str
    whose: str
    quarter: datetime
    requests: int
    tokens: int


# In the place of a version: nobody has set the pool.
NOT_SET = ""


@dataclass(frozen=True, slots=True)
class SetPool:
    """A pool's document as somebody has set it. `version` is another for another document."""

    document: Mapping[str, Any]
    version: str
    by: str
    at: datetime
