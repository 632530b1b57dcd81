"""Every metric of every process, in one place: dashboards and alert rules are checked against it.

Promises: a metric of ours is made from its entry here (`series.py`) or not at all; `scraped()` is
every name that a scrape may show. Labels are job types, queues, states and the like, never ids,
tenants or texts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

LATENCY_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
JOB_BUCKETS = (*LATENCY_BUCKETS, 480, 900, 1800, 3600)
COUNT_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500)

API = "api"
IO = "worker-io"
CPU = "worker-cpu"
DISPATCHER = "dispatcher"
POLLER = "poller"
WORKERS = (IO, CPU)
ALL = (API, *WORKERS, DISPATCHER, POLLER)

# Providers whose `{provider}_…` metrics may be there in any installation. Others, which a setting
# names, have metrics of the same form.
PROVIDERS = ("fake", "gemini", "local", "ollama", "openai", "openrouter")


@dataclass(frozen=True, slots=True)
class Declared:
    """One metric: what Prometheus calls it, what it says, and which processes tell it."""

    name: str
    kind: Kind
    says: str
    labels: tuple[str, ...] = ()
    told_by: tuple[str, ...] = ALL
    buckets: tuple[float, ...] = LATENCY_BUCKETS

    def scraped(self) -> Iterator[str]:
        """The names of its samples."""
        if self.kind == "histogram":
            yield from (f"{self.name}_{part}" for part in ("bucket", "count", "sum"))
        else:
            yield self.name


def _counter(name: str, says: str, labels: str = "", told_by: Iterable[str] = ALL) -> Declared:
    return Declared(name, "counter", says, tuple(labels.split()), tuple(told_by))


def _gauge(name: str, says: str, labels: str = "", told_by: Iterable[str] = ALL) -> Declared:
    return Declared(name, "gauge", says, tuple(labels.split()), tuple(told_by))


def _histogram(
    name: str,
    says: str,
    labels: str = "",
    told_by: Iterable[str] = ALL,
    buckets: tuple[float, ...] = LATENCY_BUCKETS,
) -> Declared:
    return Declared(name, "histogram", says, tuple(labels.split()), tuple(told_by), buckets)


_D, _A, _P = (DISPATCHER,), (API,), (POLLER,)
_SUBMITS = (API, *WORKERS, DISPATCHER, POLLER)

CATALOGUE = (
    # Jobs.
    _counter("haulage_jobs_submitted_total", "Jobs accepted", "type queue", _SUBMITS),
    _counter("haulage_jobs_settled_total", "Attempts settled", "type state", WORKERS),
    _counter("haulage_settles_lost_total", "Settlements refused by the fence", "type", WORKERS),
    _histogram(
        "haulage_job_duration_seconds",
        "From a handler's start to its end, each attempt",
        "type",
        WORKERS,
        JOB_BUCKETS,
    ),
    _histogram(
        "haulage_queue_latency_seconds",
        "From due to the handler's start; children are not counted",
        "queue",
        WORKERS,
        JOB_BUCKETS,
    ),
    _gauge("haulage_jobs_in_flight", "Handlers running in this process", "pool", WORKERS),
    _counter("haulage_shared_steps_total", "Steps that are shared, by luck", "found", WORKERS),
    _histogram(
        "haulage_batch_size", "Items that went together", "batcher", ALL, buckets=COUNT_BUCKETS
    ),
    # Queues as a whole: the leading dispatcher tells, the others tell nothing.
    _gauge("haulage_queue_depth", "Jobs that are due and not running", "queue", _D),
    _gauge(
        "haulage_queue_oldest_waiting_seconds", "For how long the oldest has been due", "queue", _D
    ),
    _gauge("haulage_jobs_running", "Jobs that run anywhere", "queue", _D),
    _gauge(
        "haulage_job_oldest_seconds",
        "Since the start of the oldest job that is begun and not over",
        "type",
        _D,
    ),
    _gauge("haulage_workers", "Workers that are alive", "pool", _D),
    _gauge("haulage_dead_letters", "Failed jobs nobody has redriven or discarded", "", _D),
    # The dispatcher and the workers.
    _gauge("haulage_dispatcher_leads", "1 where this dispatcher leads", "", _D),
    # A dead worker is noticed by the dispatcher, a dead child by its parent.
    _counter("haulage_rescues_total", "Jobs taken back from the dead", "queue", (DISPATCHER, CPU)),
    _counter("haulage_crashes_total", "Deaths while running a job", "type", (DISPATCHER, CPU)),
    _gauge(
        "haulage_lease_age_seconds", "Since this worker's leases were last renewed", "", WORKERS
    ),
    _counter("haulage_doorbells_total", "Job ids rung", "queue", _SUBMITS),
    _counter("haulage_doorbell_failures_total", "Rings the broker refused", "queue", _SUBMITS),
    _counter("haulage_forgotten_total", "Rows and blobs the janitor deleted", "what", _D),
    _counter("haulage_scheduled_runs_total", "Jobs made by schedules", "outcome", _D),
    _counter("haulage_webhook_tries_total", "Tries to tell endpoints", "outcome", _D),
    # The API.
    _counter("haulage_http_requests_total", "HTTP answers", "method route status", _A),
    _histogram("haulage_http_request_seconds", "HTTP answers", "method route", _A),
    _histogram(
        "haulage_event_lag_seconds", "From an event to its delivery to a live stream", "", _A
    ),
    _gauge("haulage_event_streams", "Streams that wait for news", "", _A),
    # Limits and providers.
    _counter(
        "haulage_limit_waits_total",
        "Calls that a limit made come back later",
        "pool limit",
        WORKERS,
    ),
    _counter("haulage_limit_refusals_total", "429s of providers", "pool", WORKERS),
    _gauge(
        "rate_limit_current_usage", "What a period's limit has given out", "pool measure period"
    ),
    _gauge("rate_limit_max_allowed", "What a period's limit allows", "pool measure period"),
    _gauge("rate_limit_remaining", "What is left of it", "pool measure period"),
    _counter("rate_limit_exceeded_total", "Calls it made come back later", "pool measure period"),
    _gauge(
        "circuit_breaker_state",
        "State of a circuit breaker: closed 0, open 1, half-open 2",
        "service",
    ),
    _histogram(
        "haulage_provider_call_seconds",
        "Calls of providers, from the pass to the answer",
        "provider",
        WORKERS,
    ),
    _counter("haulage_provider_errors_total", "Calls that failed", "provider code", WORKERS),
    _counter(
        "haulage_embeddings_cached_total", "Vectors that were known already", "provider", WORKERS
    ),
    # Pulled tasks, under the names that a predecessor's dashboards know.
    _counter("ai_tasks_processed_total", "Tasks reported", "task_type status", _P),
    _histogram(
        "ai_task_processing_duration_seconds",
        "From the pull of a task to its report",
        "task_type",
        _P,
        JOB_BUCKETS,
    ),
    _gauge("ai_tasks_in_flight", "Tasks whose jobs are not over", "source", _P),
    _counter("api_requests_total", "Requests to sources", "endpoint method status_code", _P),
    _histogram("api_request_duration_seconds", "Requests to sources", "endpoint method", _P),
    _counter("haulage_source_refusals_total", "Reports that a source will not take", "source", _P),
)

# For each provider, `{provider}` is its name: `openai_requests_total`.
OF_PROVIDERS = (
    _counter("{provider}_requests_total", "Calls of a provider", "model status", WORKERS),
    _counter("{provider}_tokens_used_total", "Tokens of a provider", "model type", WORKERS),
)

# What Prometheus' client tells of each process on Linux.
OF_PROCESSES = (
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
    "python_gc_collections_total",
    "python_gc_objects_collected_total",
    "python_gc_objects_uncollectable_total",
    "python_info",
)

_BY_NAME = {one.name: one for one in CATALOGUE}


def declared(name: str) -> Declared:
    """The entry of a metric; raises `KeyError` for a name that is not in the catalogue."""
    return _BY_NAME[name]


def scraped() -> dict[str, tuple[str, ...]]:
    """Every name that a scrape may show, each with its labels (a bucket's `le` included)."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(OF_PROCESSES, ())
    for one in CATALOGUE:
        for name in one.scraped():
            found[name] = (*one.labels, "le") if name.endswith("_bucket") else one.labels
    for provider in PROVIDERS:
        for one in OF_PROVIDERS:
            found[one.name.format(provider=provider)] = one.labels
    return found
