"""The tables refuse by themselves what the domain calls impossible."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.errors import CheckViolation, UniqueViolation

from haulage.domain.ids import uuid7
from haulage.domain.lifecycle import State

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BARE = {
    "id": None,
    "type": "echo",
    "queue": "io",
    "input": "{}",
    "max_attempts": 1,
    "timeout_s": 1.0,
    "created_at": NOW,
    "scheduled_at": NOW,
}
STATES: dict[State, dict[str, Any]] = {
    State.SCHEDULED: {},
    State.QUEUED: {},
    State.RUNNING: {"worker_id": uuid7()},
    State.WAITING: {},
    State.SUCCEEDED: {"finished_at": NOW, "result": "null"},
    State.FAILED: {
        "finished_at": NOW,
        "error": "{}",
        "error_text": "",
        "fingerprint": "echo:1",
    },
    State.CANCELLED: {"finished_at": NOW, "cancelled_at": NOW},
}


def insert(url: str, table: str, values: dict[str, Any]) -> None:
    names = ", ".join(values)
    marks = ", ".join(f"%({name})s" for name in values)
    with psycopg.connect(url) as connection:
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)


def job(state: State, /, **changed: Any) -> dict[str, Any]:
    return {**BARE, "id": uuid7(), "state": state.value, **STATES[state], **changed}


@pytest.mark.parametrize("state", State)
def test_a_row_as_the_domain_has_it_is_taken_in_every_state(
    database_url: str, state: State
) -> None:
    insert(database_url, "jobs", job(state))


WRONG = [
    ("state", job(State.QUEUED, state="lost")),
    ("finished", job(State.QUEUED, finished_at=NOW)),
    ("finished", job(State.SUCCEEDED, finished_at=None)),
    ("finished", job(State.FAILED, finished_at=None)),
    ("finished", job(State.CANCELLED, finished_at=None)),
    ("leased", job(State.RUNNING, worker_id=None)),
    ("leased", job(State.QUEUED, worker_id=uuid7())),
    ("leased", job(State.SUCCEEDED, worker_id=uuid7())),
    ("result", job(State.SUCCEEDED, result=None)),
    ("result", job(State.FAILED, result="{}")),
    ("result", job(State.RUNNING, result_ref="sha256/ab")),
    ("error", job(State.FAILED, error=None, error_text=None)),
    ("error_text", job(State.FAILED, error_text=None)),
    ("error_text", job(State.QUEUED, error_text="odd")),
    ("fingerprint", job(State.FAILED, fingerprint=None)),
    ("fingerprint", job(State.QUEUED, fingerprint="echo:1")),
    ("cancelled", job(State.CANCELLED, cancelled_at=None)),
    ("cancelled", job(State.SUCCEEDED, cancelled_at=NOW)),
    ("input", job(State.QUEUED, input=None)),
    ("priority", job(State.QUEUED, priority=1)),
    ("counts", job(State.QUEUED, attempt=-1)),
    ("counts", job(State.QUEUED, run=0)),
    ("counts", job(State.QUEUED, fence=-1)),
    ("limits", job(State.QUEUED, max_attempts=0)),
    ("limits", job(State.QUEUED, timeout_s=0)),
    ("discarded", job(State.QUEUED, discarded_at=NOW)),
    ("discarded", job(State.CANCELLED, discarded_at=NOW)),
    ("credits", job(State.QUEUED, price_credits=0)),
    ("credits", job(State.QUEUED, cost_credits=1)),
    ("credits", job(State.QUEUED, price_credits=2, cost_credits=3)),
]


@pytest.mark.parametrize(
    ("name", "values"), WRONG, ids=[f"{name}-{place}" for place, (name, _) in enumerate(WRONG)]
)
def test_a_job_that_cannot_be_is_refused(
    database_url: str, name: str, values: dict[str, Any]
) -> None:
    with pytest.raises(CheckViolation) as caught:
        insert(database_url, "jobs", values)
    assert caught.value.diag.constraint_name == f"ck_jobs_{name}"


def event(**changed: Any) -> dict[str, Any]:
    return {"job_id": uuid7(), "seq": 1, "kind": "log", "at": NOW, "data": "{}", **changed}


def test_an_event_of_an_unknown_kind_is_refused(database_url: str) -> None:
    with pytest.raises(CheckViolation, match="ck_events_kind"):
        insert(database_url, "events", event(kind="gossip"))


def test_two_events_cannot_share_a_place(database_url: str) -> None:
    first = event()
    insert(database_url, "events", first)
    with pytest.raises(UniqueViolation, match="pk_events"):
        insert(database_url, "events", first)


def test_a_step_without_a_value_is_refused(database_url: str) -> None:
    step = {
        "job_id": uuid7(),
        "key": "a",
        "name": "a",
        "fence": 1,
        "duration_s": 0.0,
        "finished_at": NOW,
    }
    with pytest.raises(CheckViolation, match="ck_steps_value"):
        insert(database_url, "steps", step)


def schedule(**changed: Any) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "name": "nightly",
        "type": "echo",
        "input": "{}",
        "queue": "io",
        "cron": "0 3 * * *",
        "timezone": "UTC",
        "missed": "skip",
        "created_at": NOW,
        **changed,
    }


WORKER = {
    "id": uuid7(), "name": "w", "host": "h", "pid": 1, "pool": "io", "queues": ["io"],
    "slots": 1, "version": "0", "started_at": NOW, "heartbeat_at": NOW,
}  # fmt: skip
MIGRATION = {"revision": "0030", "oldest_code": "0028", "version": "0", "applied_at": NOW}
KNOWN = {
    "name": "echo",
    "pool": "io",
    "queue": "io",
    "queues": ["io"],
    "max_attempts": 3,
    "max_crashes": 3,
    "timeout_s": 300.0,
    "published_at": NOW,
}
USED = {
    "tenant": "a", "day": NOW, "provider": "local", "model": "small", "cost": 0,
    "calls": 1, "input_tokens": 1, "output_tokens": 1, "unpriced_calls": 0,
}  # fmt: skip
SHARED = {"tenant": "t", "mark": bytes(32), "name": "n", "value": "1", "made_at": NOW}
VECTOR = {"key": b"k" * 32, "vector": b"v" * 8, "size": 8, "used_at": NOW}
NOTHING = {
    "tenant": "default", "type": "", "queue": "", "at": NOW, "submitted": 0, "started": 0,
    "succeeded": 0, "failed": 0, "cancelled": 0, "latency": "{}", "duration": "{}",
    "failures": "{}",
}  # fmt: skip
BEGUN = {"job_id": uuid7(), "total": 3}
QUARTER = {
    "pool": "openai", "whose": "", "requests": 1, "tokens": 1,
    "quarter": datetime(2026, 1, 5, 10, 15, tzinfo=UTC),
}  # fmt: skip
FILE = {
    "id": uuid7(), "sha256": "0" * 64, "size": 1, "media_type": "a/b", "name": "a",
    "created_at": NOW,
}  # fmt: skip
HOOK = {
    "id": uuid7(), "tenant": "a", "name": "a", "url": "https://a.example", "jobs": "all",
    "events": ["job.failed"], "secrets": "[]", "created_at": NOW, "created_by": "ann",
}  # fmt: skip
TOLD = {
    "id": uuid7(), "webhook_id": uuid7(), "event": "webhook.test", "about": "{}", "at": NOW,
    "due_at": NOW,
}  # fmt: skip
PULLED = {
    "source": "a", "key": "k", "task_id": "1", "kind": "a", "tags": "{}", "fault": "unfit",
    "pulled_at": NOW, "report_at": NOW,
}  # fmt: skip
CREDITS = {
    "tenant": "a", "kind": "grant", "source": "issued", "target": "available", "amount": 1,
    "at": NOW, "grant_id": uuid7(),
}  # fmt: skip
GRANT = {
    "id": uuid7(), "tenant": "a", "amount": 2, "remaining": 2, "granted_at": NOW,
    "granted_by": "ann",
}  # fmt: skip
ACCOUNT = {"tenant": "a", "opened_at": NOW}
DRAW = {"job_id": uuid7(), "run": 1, "grant_id": uuid7()}
KEY = {
    "id": uuid7(), "tenant": "a", "name": "a", "prefix": "hlg_ab", "digest": bytes(32),
    "scopes": ["read"], "created_at": NOW, "created_by": "ann",
}  # fmt: skip
OTHERS = [
    ("ck_api_keys_digest", "api_keys", {**KEY, "digest": b"short"}),
    ("ck_api_keys_scopes", "api_keys", {**KEY, "scopes": []}),
    ("ck_api_keys_scopes", "api_keys", {**KEY, "scopes": ["root"]}),
    ("ck_api_keys_revoked", "api_keys", {**KEY, "revoked_at": NOW}),
    ("ck_api_keys_used", "api_keys", {**KEY, "last_used_at": NOW}),
    ("ck_pulled_tasks_job", "pulled_tasks", {**PULLED, "fault": None}),
    ("ck_pulled_tasks_closed", "pulled_tasks", {**PULLED, "closed_at": NOW}),
    ("ck_pulled_tasks_outcome", "pulled_tasks", {**PULLED, "closed_at": NOW, "outcome": "x"}),
    ("ck_pulled_tasks_tries", "pulled_tasks", {**PULLED, "tries": -1}),
    ("ck_webhooks_jobs", "webhooks", {**HOOK, "jobs": "some"}),
    ("ck_webhooks_events", "webhooks", {**HOOK, "events": []}),
    ("ck_webhooks_failing", "webhooks", {**HOOK, "failures": 1}),
    ("ck_webhooks_disabled", "webhooks", {**HOOK, "disabled_at": NOW}),
    ("ck_webhook_deliveries_state", "webhook_deliveries", {**TOLD, "state": "x", "ended_at": NOW}),
    ("ck_webhook_deliveries_ended", "webhook_deliveries", {**TOLD, "state": "delivered"}),
    ("ck_webhook_deliveries_job", "webhook_deliveries", {**TOLD, "seq": 1}),
    ("ck_webhook_deliveries_tries", "webhook_deliveries", {**TOLD, "tries": 1}),
    ("ck_credit_accounts_sums", "credit_accounts", {**ACCOUNT, "reserved": -1}),
    ("ck_credit_accounts_sums", "credit_accounts", {**ACCOUNT, "spent": -1}),
    ("ck_credit_draws_amount", "credit_draws", {**DRAW, "amount": 0}),
    ("ck_credit_entries_amount", "credit_entries", {**CREDITS, "amount": 0}),
    ("ck_credit_entries_move", "credit_entries", {**CREDITS, "target": "spent"}),
    ("ck_credit_entries_subject", "credit_entries", {**CREDITS, "job_id": uuid7(), "run": 1}),
    ("ck_credit_entries_subject", "credit_entries", {**CREDITS, "grant_id": None}),
    ("ck_credit_grants_amount", "credit_grants", {**GRANT, "remaining": 3}),
    ("ck_credit_grants_amount", "credit_grants", {**GRANT, "remaining": -1}),
    ("ck_schedules_missed", "schedules", schedule(missed="perhaps")),
    ("ck_schedules_priority", "schedules", schedule(priority=1)),
    ("ck_stats_step", "stats", {**NOTHING, "step_s": 61}),
    ("ck_schedules_paused", "schedules", schedule(paused_at=NOW)),
    ("ck_migrations_oldest_code", "migrations", {**MIGRATION, "oldest_code": "0031"}),
    ("ck_workers_drain", "workers", {**WORKER, "drain_at": NOW}),
    ("ck_workers_drain", "workers", {**WORKER, "drain_by": "ann"}),
    ("ck_queues_paused", "queues", {"name": "io", "paused_at": NOW}),
    ("ck_queues_paused", "queues", {"name": "io", "paused_by": "ann"}),
    ("ck_bulk_progress_place", "bulk_progress", {**BEGUN, "place_id": uuid7()}),
    ("ck_bulk_progress_counts", "bulk_progress", {**BEGUN, "changed": 2, "skipped": 2}),
    ("ck_bulk_progress_counts", "bulk_progress", {**BEGUN, "failed": -1}),
    ("ck_files_size", "files", {**FILE, "size": -1}),
    ("ck_files_pages", "files", {**FILE, "pages": 0}),
    ("ck_files_fault", "files", {**FILE, "fault_code": "encrypted_pdf"}),
    ("ck_files_fault", "files", {**FILE, "fault": "It wants a password."}),
    ("ck_job_types_pool", "job_types", {**KNOWN, "pool": "gpu"}),
    ("ck_job_types_queue", "job_types", {**KNOWN, "queue": "ocr"}),
    ("ck_provider_usage_sums", "provider_usage", {**USED, "calls": -1}),
    ("ck_limit_usage_sums", "limit_usage", {**QUARTER, "tokens": -1}),
    (
        "ck_limit_usage_quarter",
        "limit_usage",
        {**QUARTER, "quarter": datetime(2026, 1, 5, 10, 16, tzinfo=UTC)},
    ),
    ("ck_shared_steps_mark", "shared_steps", {**SHARED, "mark": b"short"}),
    ("ck_shared_steps_value", "shared_steps", {**SHARED, "value": None}),
    ("ck_vectors_key", "vectors", {**VECTOR, "key": b"short"}),
    ("ck_vectors_size", "vectors", {**VECTOR, "size": 5}),
]


@pytest.mark.parametrize(("name", "table", "values"), OTHERS)
def test_what_else_cannot_be_is_refused(
    database_url: str, name: str, table: str, values: dict[str, Any]
) -> None:
    with pytest.raises(CheckViolation) as caught:
        insert(database_url, table, values)
    assert caught.value.diag.constraint_name == name


def test_every_check_of_the_tables_has_a_test_here(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        checks = connection.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conname LIKE 'ck_%'"
        ).fetchall()
    tested = {f"ck_jobs_{name}" for name, _ in WRONG} | {name for name, _, _ in OTHERS}
    tested |= {"ck_events_kind", "ck_steps_value"}
    assert {name for (name,) in checks} == tested
