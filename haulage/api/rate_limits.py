"""`RateLimit` and `RateLimit-Policy`: what a caller's limits leave, as
draft-ietf-httpapi-ratelimit-headers says. A policy is named by its pool.
"""

import math
from collections.abc import Sequence

from haulage.accounts.quota import Standing
from haulage.domain.errors import OverLimit

LEFT, POLICY = b"ratelimit", b"ratelimit-policy"


def fields_of(standings: Sequence[Standing]) -> list[tuple[bytes, bytes]]:
    """The two header lines for an answer whose request counted for these."""
    left = ", ".join(f'"{one.pool}";r={one.left};t={math.ceil(one.reset_s)}' for one in standings)
    policy = ", ".join(f'"{one.pool}";q={one.quota};w={one.window_s}' for one in standings)
    return [(LEFT, left.encode()), (POLICY, policy.encode())]


def refused(error: OverLimit) -> dict[str, str]:
    """The same for a refusal, and `Retry-After` for those who don't read them."""
    wait_s = max(1, math.ceil(error.retry_after_s))
    fields = {"Retry-After": str(wait_s), "RateLimit": f'"{error.policy}";r=0;t={wait_s}'}
    if error.quota is not None:
        window = "" if error.window_s is None else f";w={error.window_s}"
        fields["RateLimit-Policy"] = f'"{error.policy}";q={error.quota}{window}'
    return fields
