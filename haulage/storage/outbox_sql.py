"""Telling endpoints outside, inside the statements that change jobs.

A statement that ends jobs or sends them to another attempt adds what is to be told in its own
transaction: what landed is told, what did not is not. `delivery_store.py` reads it.

Where no endpoint is enabled it costs one look into an empty index for a whole batch (PostgreSQL
asks the EXISTS once and leaves out all that depends on it); where there are some, one more for each
job. Nothing is sent, formed or signed here.
"""

_OUTBOX = """
    INSERT INTO webhook_deliveries (id, webhook_id, event, job_id, seq, at, due_at, about)
    SELECT gen_random_uuid(), webhooks.id, told.event, told.id, told.event_seq, :now, :now,
           json_build_object('type', told.type, 'queue', told.queue, 'tags', told.tags,
                             'run', told.run, 'attempt', told.attempt, 'code', told.told_code)
    FROM (
        SELECT CASE state WHEN 'scheduled' THEN 'job.retrying' ELSE 'job.' || state END AS event,
               {code} AS told_code, id, event_seq, tenant, type, queue, tags, run, attempt,
               parent_id, webhook_id
        FROM {source}
    ) AS told
    JOIN webhooks ON webhooks.tenant = told.tenant AND webhooks.disabled_at IS NULL
    WHERE EXISTS (SELECT FROM webhooks WHERE disabled_at IS NULL)
      AND told.event = ANY (webhooks.events)
      -- Who asked for a document need not hear of each of its pages.
      AND (webhooks.jobs = 'all' AND told.parent_id IS NULL OR webhooks.id = told.webhook_id)
"""

# What a statement's RETURNING must have besides what `tally_ends` reads.
TOLD = "jobs.tags, jobs.run, jobs.attempt, jobs.parent_id, jobs.webhook_id"


def outbox(source: str, *, code: str = "NULL") -> str:
    """An INSERT of what is to be told of the rows of `source` (a CTE, with a condition perhaps)."""
    return _OUTBOX.format(source=source, code=code)
