"""What a finished job takes on disk, by table and index, with 1,000,000 of them, and in the WAL.

They are copies of one that really ran, with its three events, under ids that grow as ours do.
"""

from typing import LiteralString

from bench.system import System, copied_columns, report, running

BAR_BYTES = 4_000
STEP = 50_000
# So many really run, twice: in batches, as `throughput` submits them.
REAL = 10_000
# A short text in and out; what is larger than 256 kB lies in the blob store.
VALUE = {"value": "x" * 200}
COPIED: tuple[LiteralString, ...] = ("jobs", "events")
SIZES: LiteralString = """
SELECT relname, pg_table_size(oid), pg_indexes_size(oid), greatest(reltuples, 0)::bigint
FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname = ANY(%s)
"""
WAL: LiteralString = "SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8"
JOBS = """
INSERT INTO jobs ({columns})
SELECT {values} FROM jobs CROSS JOIN generate_series(1, %(count)s) AS number WHERE jobs.id = %(id)s
RETURNING id
"""
EVENTS = """
WITH made AS ({jobs})
INSERT INTO events (job_id, seq, kind, at, data)
SELECT made.id, events.seq, events.kind, events.at, events.data
FROM made CROSS JOIN events WHERE events.job_id = %(id)s
"""


def main(*, jobs: int = 1_000_000) -> bool:
    """Print the line; whether the bar is met."""
    with running() as system:
        job_id, *_ = system.submit("echo", VALUE, REAL)
        system.until_settled()
        (before,) = _row(system, WAL)
        system.submit("echo", VALUE, REAL)
        system.until_settled()
        (after,) = _row(system, WAL)
        _multiply(system, job_id, jobs - 2 * REAL)
        sizes = {
            name: {"table": round(table / jobs), "indexes": round(indexes / jobs), "rows": rows}
            for name, table, indexes, rows in system.database.execute(SIZES, [list(COPIED)])
        }
    per_job = sum(one["table"] + one["indexes"] for one in sizes.values())
    return report(
        "sizes",
        met=per_job <= BAR_BYTES,
        jobs=jobs,
        bytes_per_job=per_job,
        bar_bytes_per_job=BAR_BYTES,
        by_table=sizes,
        gb_at_one_million=per_job / 1e3,
        wal_bytes_in_batches=(after - before) / REAL,
    )


def _row(system: System, query: LiteralString) -> tuple[float, ...]:
    found = system.database.execute(query).fetchone()
    assert found is not None
    return found


def _multiply(system: System, job_id: str, count: int) -> None:
    jobs = JOBS.format(**copied_columns(system, new_id="uuidv7()"))
    with system.another_connection() as database:
        for start in range(0, count, STEP):
            many = min(STEP, count - start)
            database.execute(EVENTS.format(jobs=jobs).encode(), {"count": many, "id": job_id})
        for table in COPIED:
            database.execute(b"VACUUM ANALYZE " + table.encode())
