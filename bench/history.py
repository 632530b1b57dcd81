"""Throughput with 1,000,000 finished jobs in the tables, against that with none, in one system.

The finished jobs are copies of one that really ran, each with its three events, so that the tables
and their indexes have the size they would have.
"""

from bench.system import System, copied_columns, report, running

BAR = 0.90
NOOP = {"value": 1}
COPY_JOBS = """
INSERT INTO jobs ({columns})
SELECT {values} FROM jobs CROSS JOIN generate_series(1, %(count)s) AS number WHERE jobs.id = %(id)s
"""
COPY_EVENTS = """
INSERT INTO events (job_id, seq, kind, at, data)
SELECT jobs.id, events.seq, events.kind, events.at, events.data
FROM jobs CROSS JOIN events
WHERE events.job_id = %(id)s AND jobs.id <> %(id)s
  AND NOT EXISTS (SELECT 1 FROM events AS had WHERE had.job_id = jobs.id)
"""


def main(*, finished: int = 1_000_000, jobs: int = 20_000, rounds: int = 3) -> bool:
    """Print the line; whether the bar is met."""
    with running() as system:
        system.rate("echo", NOOP, 2_000)
        empty = max(system.rate("echo", NOOP, jobs) for _ in range(rounds))
        (job_id,) = system.submit("echo", NOOP, 1)
        system.until_settled()
        _multiply(system, job_id, finished)
        full = max(system.rate("echo", NOOP, jobs) for _ in range(rounds))
        kept = system.succeeded()
    return report(
        "history",
        met=full / empty >= BAR,
        finished_jobs=kept,
        empty_per_s=empty,
        full_per_s=full,
        ratio=full / empty,
        bar=BAR,
    )


def _multiply(system: System, job_id: str, count: int) -> None:
    """Copy one finished job and its events `count` times, then let PostgreSQL look at them."""
    statement = COPY_JOBS.format(**copied_columns(system, new_id="gen_random_uuid()"))
    with system.another_connection() as database:
        database.execute(statement.encode(), {"count": count, "id": job_id})
        database.execute(COPY_EVENTS.encode(), {"id": job_id})
        database.execute("VACUUM ANALYZE jobs")
        database.execute("VACUUM ANALYZE events")
        # The copying is not what is measured; nor is writing it to the disk.
        database.execute("CHECKPOINT")
