"""Prometheus metrics of all processes, made from the catalogue."""

from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import Counter, Histogram

from haulage.domain.lifecycle import State
from haulage.telemetry.series import MOST_VALUES, counter, gauge, histogram

JOBS_SUBMITTED = counter("haulage_jobs_submitted_total")
JOBS_SETTLED = counter("haulage_jobs_settled_total")
SETTLES_LOST = counter("haulage_settles_lost_total")
JOB_DURATION = histogram("haulage_job_duration_seconds")
QUEUE_LATENCY = histogram("haulage_queue_latency_seconds")
JOBS_IN_FLIGHT = gauge("haulage_jobs_in_flight")
SHARED_STEPS = counter("haulage_shared_steps_total")
BATCH_SIZE = histogram("haulage_batch_size")

QUEUE_DEPTH = gauge("haulage_queue_depth")
OLDEST_WAITING = gauge("haulage_queue_oldest_waiting_seconds")
JOBS_RUNNING = gauge("haulage_jobs_running")
OLDEST_JOB = gauge("haulage_job_oldest_seconds")
WORKERS_ALIVE = gauge("haulage_workers")
DEAD_LETTERS = gauge("haulage_dead_letters")

DISPATCHER_LEADS = gauge("haulage_dispatcher_leads")
RESCUES = counter("haulage_rescues_total")
CRASHES = counter("haulage_crashes_total")
LEASE_AGE = gauge("haulage_lease_age_seconds")
DOORBELLS = counter("haulage_doorbells_total")
DOORBELL_FAILURES = counter("haulage_doorbell_failures_total")
FORGOTTEN = counter("haulage_forgotten_total")
SCHEDULED_RUNS = counter("haulage_scheduled_runs_total")
WEBHOOK_TRIES = counter("haulage_webhook_tries_total")

HTTP_REQUESTS = counter("haulage_http_requests_total")
HTTP_DURATION = histogram("haulage_http_request_seconds")
EVENT_LAG = histogram("haulage_event_lag_seconds")
EVENT_STREAMS = gauge("haulage_event_streams")

LIMIT_WAITS = counter("haulage_limit_waits_total")
LIMIT_REFUSALS = counter("haulage_limit_refusals_total")
RATE_USAGE = gauge("rate_limit_current_usage")
RATE_MAX = gauge("rate_limit_max_allowed")
RATE_REMAINING = gauge("rate_limit_remaining")
RATE_EXCEEDED = counter("rate_limit_exceeded_total")
BREAKER_STATE = gauge("circuit_breaker_state")
PROVIDER_CALLS = histogram("haulage_provider_call_seconds")
PROVIDER_ERRORS = counter("haulage_provider_errors_total")
EMBEDDINGS_CACHED = counter("haulage_embeddings_cached_total")


@dataclass(frozen=True)
class JobMeters:
    """What is counted for each attempt of a job type on a queue."""

    latency: Histogram
    duration: Histogram
    settled: dict[str, Counter]


@lru_cache(MOST_VALUES)
def meters_of(type: str, queue: str) -> JobMeters:
    """The meters of a type and a queue, looked up once: `labels` takes a lock each time."""
    return JobMeters(
        latency=QUEUE_LATENCY.labels(queue=queue),
        duration=JOB_DURATION.labels(type=type),
        settled={state.value: JOBS_SETTLED.labels(type=type, state=state.value) for state in State},
    )


@lru_cache(MOST_VALUES)
def submitted(type: str, queue: str) -> Counter:
    """The counter of accepted jobs of a type on a queue, looked up once."""
    return JOBS_SUBMITTED.labels(type=type, queue=queue)
