"""Durable no-op jobs, submitted in batches over HTTP until all are settled, one io worker process.

Against the same kind of task through plain Celery and Dramatiq, which keep nothing, and awa-pg,
which is durable too; all in one run on one machine.
"""

from bench import yardstick_awa, yardstick_celery, yardstick_dramatiq
from bench.system import report, running, temporary_folder
from haulage.runtime.postgres import Postgres
from haulage.runtime.redis import Redis

OVER_CELERY, OVER_DRAMATIQ = 5.0, 2.0
NOOP = {"value": 1}


def main(*, jobs: int = 30_000, rounds: int = 3) -> bool:
    """Print the line; whether the bars are met."""
    with running() as system:
        system.rate("echo", NOOP, 2_000)
        ours = max(system.rate("echo", NOOP, jobs) for _ in range(rounds))
    with temporary_folder() as folder:
        with Redis.start(folder / "redis") as broker:
            celery = yardstick_celery.best_rate(broker.url, jobs // 3)
            dramatiq = yardstick_dramatiq.best_rate(broker.url, jobs // 3)
        with Postgres.start(folder / "postgres") as postgres:
            awa = yardstick_awa.rate(postgres.url, jobs)
    over_celery = ours / max(celery.values())
    over_dramatiq = ours / max(dramatiq.values())
    return report(
        "throughput",
        met=over_celery >= OVER_CELERY and over_dramatiq >= OVER_DRAMATIQ,
        jobs=jobs,
        haulage_per_s=ours,
        celery_per_s=celery,
        dramatiq_per_s=dramatiq,
        awa_per_s=awa,
        ratio_to_best_celery=over_celery,
        bar_celery=OVER_CELERY,
        ratio_to_best_dramatiq=over_dramatiq,
        bar_dramatiq=OVER_DRAMATIQ,
        ratio_to_awa=ours / awa,
    )
