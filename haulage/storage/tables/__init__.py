"""The tables as they are declared; `migrations/` makes them, a test compares the two.

One module for each family of tables. The CHECK constraints repeat the lifecycle's invariants, so
that no code path, ours or a person's in psql, can write a row that the domain calls impossible.
"""

from haulage.storage.tables.accounts import api_keys, audit
from haulage.storage.tables.base import Moment, metadata
from haulage.storage.tables.bulk import bulk_progress
from haulage.storage.tables.credits import (
    credit_accounts,
    credit_draws,
    credit_entries,
    credit_grants,
)
from haulage.storage.tables.files import files, job_files
from haulage.storage.tables.fleet import queues, schedules, workers
from haulage.storage.tables.history import crashes, events, shared_steps, steps
from haulage.storage.tables.jobs import idempotency_keys, job_tags, jobs
from haulage.storage.tables.limits import limit_pools, limit_usage
from haulage.storage.tables.migrations import migrations
from haulage.storage.tables.models import provider_usage, usage_batches, vectors
from haulage.storage.tables.pulls import pulled_tasks
from haulage.storage.tables.stats import stats, tallies
from haulage.storage.tables.types import job_types
from haulage.storage.tables.webhooks import webhook_deliveries, webhooks

__all__ = [
    "Moment",
    "api_keys",
    "audit",
    "bulk_progress",
    "crashes",
    "credit_accounts",
    "credit_draws",
    "credit_entries",
    "credit_grants",
    "events",
    "files",
    "idempotency_keys",
    "job_files",
    "job_tags",
    "job_types",
    "jobs",
    "limit_pools",
    "limit_usage",
    "metadata",
    "migrations",
    "provider_usage",
    "pulled_tasks",
    "queues",
    "schedules",
    "shared_steps",
    "stats",
    "steps",
    "tallies",
    "usage_batches",
    "vectors",
    "webhook_deliveries",
    "webhooks",
    "workers",
]
