"""Tokens a minute: 6,000 jobs of varied size from two processes against one limit of tokens in a
rolling minute. It takes two of them.

The provider's own list of arrivals is counted by force: no window of that length may hold more than
the limit. Used is the least time in which the limit lets these tokens through, over that taken.
"""

from math import ceil
from random import Random

from bench.limit_callers import run_together
from bench.strict_provider import strict_provider
from bench.system import report, temporary_folder
from haulage.runtime.redis import Redis

USED = 0.97
LIMIT = 2_100_000
WINDOW_S = 60.0


def main(*, jobs: int = 6_000) -> bool:
    """Print the line; whether the bars are met."""
    dice = Random(7)
    words = [[f"{number}", "default", dice.randint(50, 2_000), 0.0] for number in range(jobs)]
    with (
        temporary_folder() as folder,
        Redis.start(folder / "redis") as redis,
        strict_provider(rate=1e9, burst=1e9, jitter_ms=0) as provider,
    ):
        ran = run_together(
            "haulage",
            [words[0::2], words[1::2]],
            redis_url=redis.url,
            port=provider.port,
            tokens_per_minute=LIMIT,
            slack_s=0.1,
        )
        arrived = provider.report()
    moments = [at for _, _, at, _ in arrived]
    total = sum(tokens for _, tokens, _, _ in arrived)
    span_s = moments[-1] - moments[0]
    fullest = _fullest_window([(at, tokens) for _, tokens, at, _ in arrived])
    # Nobody has them through sooner: a full window at once, and one each minute from then on.
    least_s = WINDOW_S * (ceil(total / LIMIT) - 1)
    used = least_s / span_s
    return report(
        "tokens",
        met=used >= USED and fullest <= LIMIT,
        jobs=len(arrived),
        tokens=total,
        took_s=span_s,
        least_s=least_s,
        used=used,
        bar=USED,
        fullest_window=fullest,
        limit=LIMIT,
        redis_calls_a_job=ran["redis_calls"] / jobs,
    )


def _fullest_window(arrived: list[tuple[float, int]]) -> int:
    """The most tokens in any window of a minute."""
    most = inside = oldest = 0
    for at, tokens in arrived:
        inside += tokens
        while arrived[oldest][0] <= at - WINDOW_S:
            inside -= arrived[oldest][1]
            oldest += 1
        most = max(most, inside)
    return most
