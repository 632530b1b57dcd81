"""Short jobs of a tenant that is capped: how long a place is empty between one and the next.

Beside it the same jobs without a cap.
"""

import time

from bench.system import report, running

CAP, JOBS, UNCAPPED_JOBS = 2, 300, 3_000
BAR_MS = 100.0
# Every process has heard of a cap by then.
KNOWN_AFTER_S = 2.0
NO_OP = {"value": 1}


def main() -> bool:
    """Print the line; whether the bar is met."""
    with running() as system:
        uncapped = system.rate("echo", NO_OP, UNCAPPED_JOBS)
        body = {"tenants": {"default": {"concurrency": CAP}}}
        system.http.put("/api/v1/limits/running", json=body).raise_for_status()
        time.sleep(KNOWN_AFTER_S)
        capped = max(system.rate("echo", NO_OP, JOBS) for _ in range(2))
    turn_ms = 1000 * CAP / capped
    return report(
        "capped",
        met=turn_ms < BAR_MS,
        cap=CAP,
        jobs_per_s=round(capped, 1),
        ms_a_turn=round(turn_ms, 1),
        bar_ms=BAR_MS,
        uncapped_jobs_per_s=round(uncapped),
    )
