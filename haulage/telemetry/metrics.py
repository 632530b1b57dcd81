"""Prometheus metrics. Label sets are bounded: job types, queues and states, never ids."""

from dataclasses import dataclass
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from haulage.domain.lifecycle import State

LATENCY_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

JOBS_SUBMITTED = Counter("haulage_jobs_submitted_total", "Jobs accepted", ["type", "queue"])
JOBS_SETTLED = Counter("haulage_jobs_settled_total", "Attempts settled", ["type", "state"])
SETTLES_LOST = Counter("haulage_settles_lost_total", "Settlements refused by the fence", ["type"])
JOB_DURATION = Histogram(
    "haulage_job_duration_seconds", "Handler time", ["type"], buckets=LATENCY_BUCKETS
)
QUEUE_LATENCY = Histogram(
    "haulage_queue_latency_seconds",
    "From due to the handler's start",
    ["queue"],
    buckets=LATENCY_BUCKETS,
)
JOBS_IN_FLIGHT = Gauge("haulage_jobs_in_flight", "Handlers running in this process", ["pool"])
RESCUES = Counter("haulage_rescues_total", "Jobs taken back from dead workers", ["queue"])
CRASHES = Counter("haulage_crashes_total", "Worker deaths while running a job", ["type"])
DOORBELLS = Counter("haulage_doorbells_total", "Job ids rung", ["queue"])
DOORBELL_FAILURES = Counter(
    "haulage_doorbell_failures_total", "Rings the broker refused", ["queue"]
)
QUEUE_DEPTH = Gauge("haulage_queue_depth", "Jobs waiting", ["queue"])
SHARED_STEPS = Counter(
    "haulage_shared_steps_total", "Shared steps by whether another job had made them", ["found"]
)
FORGOTTEN = Counter("haulage_forgotten_total", "Rows and blobs the janitor deleted", ["what"])
SCHEDULED_RUNS = Counter("haulage_scheduled_runs_total", "Jobs made by schedules", ["outcome"])
LIMIT_WAITS = Counter(
    "haulage_limit_waits_total", "Calls that a limit made come back later", ["pool", "limit"]
)
LIMIT_REFUSALS = Counter("haulage_limit_refusals_total", "429s of providers", ["pool"])
# The names and values that a predecessor's dashboards know (closed 0, open 1, half-open 2).
_RATE = ["pool", "measure", "period"]
RATE_USAGE = Gauge("rate_limit_current_usage", "What a period's limit has given out", _RATE)
RATE_MAX = Gauge("rate_limit_max_allowed", "What a period's limit allows", _RATE)
RATE_REMAINING = Gauge("rate_limit_remaining", "What is left of it", _RATE)
RATE_EXCEEDED = Counter("rate_limit_exceeded_total", "Calls it made come back later", _RATE)
BREAKER_STATE = Gauge("circuit_breaker_state", "State of a circuit breaker", ["service"])
WEBHOOK_TRIES = Counter("haulage_webhook_tries_total", "Tries to tell endpoints", ["outcome"])
DISPATCHER_LEADS = Gauge("haulage_dispatcher_leads", "1 where this dispatcher leads")
BATCH_SIZE = Histogram(
    "haulage_batch_size",
    "Items that went together",
    ["batcher"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
HTTP_REQUESTS = Counter(
    "haulage_http_requests_total", "HTTP answers", ["method", "route", "status"]
)
HTTP_DURATION = Histogram(
    "haulage_http_request_seconds", "HTTP answers", ["method", "route"], buckets=LATENCY_BUCKETS
)


@dataclass(frozen=True)
class JobMeters:
    """What is counted for each attempt of a job type on a queue."""

    latency: Histogram
    duration: Histogram
    settled: dict[str, Counter]


@cache
def meters_of(type: str, queue: str) -> JobMeters:
    """The meters of a type and a queue, looked up once: `labels` takes a lock each time."""
    return JobMeters(
        latency=QUEUE_LATENCY.labels(queue=queue),
        duration=JOB_DURATION.labels(type=type),
        settled={state.value: JOBS_SETTLED.labels(type=type, state=state.value) for state in State},
    )


@cache
def submitted(type: str, queue: str) -> Counter:
    """The counter of accepted jobs of a type on a queue, looked up once."""
    return JOBS_SUBMITTED.labels(type=type, queue=queue)
