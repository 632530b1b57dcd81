"""Metrics of pulled tasks, under the names that a predecessor's dashboards know."""

from prometheus_client import Counter, Gauge, Histogram

from haulage.telemetry.metrics import LATENCY_BUCKETS

PROCESSED = Counter("ai_tasks_processed_total", "Tasks reported", ["task_type", "status"])
PROCESSING = Histogram(
    "ai_task_processing_duration_seconds",
    "From the pull of a task to its report",
    ["task_type"],
    buckets=LATENCY_BUCKETS,
)
IN_FLIGHT = Gauge("ai_tasks_in_flight", "Tasks whose jobs are not over", ["source"])
API_REQUESTS = Counter(
    "api_requests_total", "Requests to sources", ["endpoint", "method", "status_code"]
)
API_DURATION = Histogram(
    "api_request_duration_seconds",
    "Requests to sources",
    ["endpoint", "method"],
    buckets=LATENCY_BUCKETS,
)
UNREPORTABLE = Counter(
    "haulage_source_refusals_total", "Reports that a source will not take", ["source"]
)
