"""What is used of a provider's quota: 1,500 waiting jobs of two processes against a strict provider
of 100 requests a second, burst 20, 0 to 50 ms of jitter on the way.

Beside it, in the same run, the same jobs with plain backoff and with post-hoc charging. `tenants`:
A, B and C with 1,000, 100 and 100 jobs; when B and C are through, over their fair share.
"""

from typing import Any

from bench.limit_callers import run_together
from bench.strict_provider import Provider, strict_provider
from bench.system import report, temporary_folder
from haulage.runtime.redis import Redis

USED, DISPLACEMENT, CALLS_A_JOB = 0.985, 0.01, 2.0
FAIR = 1.3
RATE, BURST, JITTER_MS = 100, 20, 50
# The longest a call is late, with something for the processes' own lateness.
SLACK_S = 0.1


def main(*, jobs: int = 1_500) -> bool:
    """Print the line; whether the bars are met."""
    with (
        temporary_folder() as folder,
        Redis.start(folder / "redis") as redis,
        strict_provider(rate=RATE, burst=BURST, jitter_ms=JITTER_MS) as provider,
    ):
        ours = _used("haulage", jobs, provider, redis)
        backoff = _used("backoff", jobs, provider, redis)
        posthoc = _used("posthoc", jobs, provider, redis)
    return report(
        "quota",
        met=ours["used"] >= USED
        and ours["refused"] == 0
        and ours["redis_calls_a_job"] <= CALLS_A_JOB
        and ours["displacement"] < DISPLACEMENT,
        jobs=jobs,
        **ours,
        bar_used=USED,
        bar_refused=0,
        bar_redis_calls_a_job=CALLS_A_JOB,
        bar_displacement=DISPLACEMENT,
        plain_backoff=backoff,
        posthoc_charging=posthoc,
    )


def tenants() -> bool:
    """Print the line; whether the bar is met."""
    counts = {"A": 1_000, "B": 100, "C": 100}
    with (
        temporary_folder() as folder,
        Redis.start(folder / "redis") as redis,
        strict_provider(rate=RATE, burst=BURST, jitter_ms=JITTER_MS) as provider,
    ):
        jobs = [
            [f"{tenant}{number}", tenant, 0, 0.0]
            for tenant, count in counts.items()
            for number in range(count)
        ]
        ran = _run("haulage", [jobs[0::2], jobs[1::2]], redis, provider)
        arrived = provider.report()
    through = {
        tenant: max(at for name, _, at, _ in arrived if name.startswith(tenant)) - ran["began"]
        for tenant in counts
    }
    # Three tenants wait, so a third of the rate is one's share, until the small ones are through.
    fair_s = 3 * counts["B"] / RATE
    worst = max(through["B"], through["C"]) / fair_s
    return report(
        "tenants",
        met=worst <= FAIR and all(let_in for *_, let_in in arrived),
        jobs=counts,
        through_s=through,
        fair_s=fair_s,
        over_fair_share=worst,
        bar=FAIR,
        first_come_first_served_s=sum(counts.values()) / RATE,
    )


def _used(manner: str, jobs: int, provider: Provider, redis: Redis) -> dict[str, Any]:
    # All come within a second, in an order that both processes share.
    words = [[f"{number}", "default", 0, number / jobs] for number in range(jobs)]
    ran = _run(manner, [words[0::2], words[1::2]], redis, provider)
    arrived = provider.report()
    let_in = [name.partition(".")[0] for name, _, _, good in arrived if good]
    took_s = arrived[-1][2] - ran["began"]
    moved = [abs(place - int(name)) for place, name in enumerate(let_in)]
    return {
        "used": len(let_in) / (BURST + RATE * took_s),
        "refused": len(arrived) - len(let_in),
        "took_s": took_s,
        "redis_calls_a_job": ran["redis_calls"] / jobs,
        "displacement": sum(moved) / len(moved) / jobs,
    }


def _run(manner: str, jobs: list[list[Any]], redis: Redis, provider: Provider) -> dict[str, Any]:
    return run_together(
        manner,
        jobs,
        redis_url=redis.url,
        port=provider.port,
        rate=RATE,
        burst=BURST,
        slack_s=SLACK_S,
    )
