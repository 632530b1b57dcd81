"""Metrics of pulled tasks, under the names that a predecessor's dashboards know."""

from haulage.telemetry.series import counter, gauge, histogram

PROCESSED = counter("ai_tasks_processed_total")
PROCESSING = histogram("ai_task_processing_duration_seconds")
IN_FLIGHT = gauge("ai_tasks_in_flight")
API_REQUESTS = counter("api_requests_total")
API_DURATION = histogram("api_request_duration_seconds")
UNREPORTABLE = counter("haulage_source_refusals_total")
