"""A million jobs of all kinds in the tables, a month's worth, oldest first.

Most are over. Values are common, rare, or long out of use, which is what lists are slow at: `rare`
has three jobs, the oldest ones; `retired` is every second one of the oldest tenth and no other.
"""

import psycopg

COUNT = 1_000_000
SECONDS = 30 * 24 * 3600
NOBODY = "01900000-0000-7000-8000-000000000001"
PARENT = "01900000-0000-7000-8000-000000000002"

# `at`: from 0, the oldest, to 1. `dice` and `coin` are even between 0 and 1.
JOBS = """
INSERT INTO jobs (id, tenant, type, queue, state, tags, input, result, error, error_text,
                  fingerprint, max_attempts, timeout_s, fence, event_seq, attempt, worker_id,
                  parent_id, created_at, scheduled_at, started_at, finished_at, cancelled_at,
                  cancelled_by)
SELECT gen_random_uuid(), 'default', type, queue, state, tags, '{"value":1}',
       CASE state WHEN 'succeeded' THEN CAST('{"value":1}' AS json) END,
       CASE state WHEN 'failed' THEN json_build_object(
           'code', 'odd', 'message', message, 'retryable', false) END,
       CASE state WHEN 'failed' THEN lower('odd ' || message) END,
       CASE state WHEN 'failed' THEN type || ':' || left(message, 5) END,
       3, 300, 1, 3, 1,
       CASE state WHEN 'running' THEN CAST(%(nobody)s AS uuid) END,
       CASE WHEN number %% 1000 = 7 THEN CAST(%(parent)s AS uuid) END,
       created,
       CASE state WHEN 'scheduled' THEN now() + interval '1 year' ELSE created END,
       CASE WHEN state NOT IN ('queued', 'scheduled') THEN created + interval '1 s' * 5 * dice END,
       CASE WHEN over THEN created + interval '1 s' * (5 + 60 * coin) END,
       CASE state WHEN 'cancelled' THEN created + interval '10 s' END,
       CASE state WHEN 'cancelled' THEN 'bench' END
FROM (
    SELECT *, state IN ('succeeded', 'failed', 'cancelled') AS over,
           CASE WHEN number < %(count)s / 100 AND number %% (%(count)s / 1000) = 5
                THEN 'The needle is on page ' || number
                WHEN coin < 0.5 THEN 'timed out after ' || number || ' s'
                ELSE 'The page ' || number || ' was refused by the model' END AS message
    FROM (
        SELECT *, now() - %(seconds)s * interval '1 s' * (1 - at) AS created,
               CASE WHEN number < 3 THEN 'rare'
                    WHEN at < 0.1 AND number %% 2 = 0 THEN 'retired'
                    WHEN dice < 0.6 THEN 'echo' WHEN dice < 0.8 THEN 'summarize_text'
                    WHEN dice < 0.9 THEN 'web_scrape' WHEN dice < 0.99 THEN 'crunch'
                    ELSE 'rewrite_novel' END AS type,
               CASE WHEN number %% 10000 = 3 THEN 'ocr' WHEN dice >= 0.9 THEN 'cpu'
                    ELSE 'io' END AS queue,
               CASE WHEN number < 3 THEN CAST('{rare,nightly}' AS text[])
                    WHEN at < 0.1 AND number %% 2 = 0 THEN '{retired}'
                    WHEN coin < 0.2 THEN '{nightly,eu}' ELSE '{}' END AS tags,
               CASE WHEN number %% (%(count)s / 1000) = 5 AND at < 0.01 THEN 'failed'
                    WHEN at > 0.98 AND coin < 0.7 THEN 'queued'
                    WHEN at > 0.98 AND coin < 0.8 THEN 'scheduled'
                    WHEN number %% 10000 = 11 THEN 'running'
                    WHEN flip < 0.05 THEN 'failed' WHEN flip < 0.06 THEN 'cancelled'
                    ELSE 'succeeded' END AS state
        FROM (
            SELECT number, CAST(number AS float8) / %(count)s AS at, random() AS dice,
                   random() AS coin, random() AS flip
            FROM generate_series(0, %(count)s - 1) AS number
        ) AS numbers
    ) AS kinds
) AS all_of_them
"""
TAGS = """
INSERT INTO job_tags (tenant, tag, queue, type, created_at, job_id)
SELECT tenant, unnest(tags), queue, type, created_at, id FROM jobs WHERE tags <> '{}'
"""
PARENT_JOB = """
INSERT INTO jobs (id, type, queue, state, input, result, max_attempts, timeout_s, created_at,
                  scheduled_at, finished_at)
SELECT %(parent)s, 'echo', 'io', 'succeeded', '1', '1', 1, 1, at, at, at
FROM (SELECT now() - interval '31 days' AS at) AS moment
"""


def fill(database: psycopg.Connection, *, count: int = COUNT) -> None:
    """Write them, and let PostgreSQL look at them."""
    values = {"count": count, "seconds": SECONDS, "nobody": NOBODY, "parent": PARENT}
    database.execute("SELECT setseed(0.4)")
    database.execute(PARENT_JOB.encode(), values)
    database.execute(JOBS.encode(), values)
    database.execute(TAGS.encode())
    database.execute("VACUUM ANALYZE jobs")
    database.execute("VACUUM ANALYZE job_tags")
    database.execute("CHECKPOINT")
