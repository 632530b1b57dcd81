"""What the dashboards show: each panel's title, its unit, and its queries with their legends.

`dashboards.py` makes Grafana's documents of it. Every metric and label named here is in
`haulage/telemetry/catalogue.py`; a test holds it.
"""

from dataclasses import dataclass

RATE = "[$__rate_interval]"


@dataclass(frozen=True)
class Panel:
    """One picture. A lone number (`stat`) turns yellow and red at `limits`."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    kind: str = "timeseries"
    limits: tuple[float, ...] = ()
    says: str = ""


def _rate(metric: str, by: str, where: str = "") -> tuple[tuple[str, str], ...]:
    matchers = f"{{{where}}}" if where else ""
    legend = " ".join(f"{{{{{label}}}}}" for label in by.split(", "))
    return ((f"sum by ({by}) (rate({metric}{matchers}{RATE}))", legend),)


def _quantiles(metric: str, by: str = "") -> tuple[tuple[str, str], ...]:
    group, shown = ("le, " + by, f" {{{{{by}}}}}") if by else ("le", "")
    return tuple(
        (
            f"histogram_quantile({share}, sum by ({group}) (rate({metric}_bucket{RATE})))",
            f"{name}{shown}",
        )
        for share, name in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
    )


def _max(metric: str, by: str = "") -> tuple[tuple[str, str], ...]:
    group = f" by ({by})" if by else ""
    return ((f"max{group} ({metric})", f"{{{{{by}}}}}" if by else ""),)


OVERVIEW = (
    Panel(
        "Jobs waiting",
        (("sum(max by (queue) (haulage_queue_depth))", ""),),
        kind="stat",
        limits=(50, 100),
    ),
    Panel("Jobs running", (("sum(max by (queue) (haulage_jobs_running))", ""),), kind="stat"),
    Panel("Oldest waiting", _max("haulage_queue_oldest_waiting_seconds"), "s", "stat", (60, 600)),
    Panel(
        "Failed, of those that ended",
        (("haulage:failed_jobs:ratio5m", ""),),
        "percentunit",
        "stat",
        (0.03, 0.1),
    ),
    Panel("Dead letters", _max("haulage_dead_letters"), kind="stat", limits=(1, 100)),
    Panel("Workers", (("max by (pool) (haulage_workers)", "{{pool}}"),), kind="stat"),
    Panel("Jobs accepted", _rate("haulage_jobs_submitted_total", "type"), "ops"),
    Panel(
        "Attempts settled",
        _rate("haulage_jobs_settled_total", "state"),
        "ops",
        says="`scheduled` is a retry or a wait, `waiting` a parent.",
    ),
    Panel("Waiting in each queue", _max("haulage_queue_depth", "queue")),
    Panel("From due to the start", _quantiles("haulage_queue_latency_seconds", "queue"), "s"),
    Panel("Answers of the API", _rate("haulage_http_requests_total", "status"), "reqps"),
    Panel("Time to answer", _quantiles("haulage_http_request_seconds"), "s"),
)
JOBS = (
    Panel(
        "Time of an attempt, 95 %", (_quantiles("haulage_job_duration_seconds", "type")[1],), "s"
    ),
    Panel("Failures by type", _rate("haulage_jobs_settled_total", "type", 'state="failed"'), "ops"),
    Panel("Oldest job that runs", _max("haulage_job_oldest_seconds", "type"), "s"),
    Panel("Oldest waiting", _max("haulage_queue_oldest_waiting_seconds", "queue"), "s"),
    Panel("Running in each queue", _max("haulage_jobs_running", "queue")),
    Panel("Handlers in flight", (("sum by (pool) (haulage_jobs_in_flight)", "{{pool}}"),)),
    Panel("Shared steps", _rate("haulage_shared_steps_total", "found"), "ops"),
    Panel("Runs of schedules", _rate("haulage_scheduled_runs_total", "outcome"), "ops"),
    Panel("Webhooks", _rate("haulage_webhook_tries_total", "outcome"), "ops"),
    Panel("Pulled tasks", _rate("ai_tasks_processed_total", "task_type, status"), "ops"),
    Panel("Pulled and not over", (("sum by (source) (ai_tasks_in_flight)", "{{source}}"),)),
    Panel("From pull to report", _quantiles("ai_task_processing_duration_seconds"), "s"),
)
PROVIDERS = (
    Panel("Calls", _rate("haulage_provider_call_seconds_count", "provider"), "reqps"),
    Panel("Time of a call", _quantiles("haulage_provider_call_seconds", "provider"), "s"),
    Panel("Errors", _rate("haulage_provider_errors_total", "provider, code"), "ops"),
    Panel(
        "Circuit breakers",
        _max("circuit_breaker_state", "service"),
        says="Closed 0, open 1, half-open 2.",
    ),
    Panel("Tokens of OpenAI", _rate("openai_tokens_used_total", "model, type"), "short"),
    Panel("Tokens of Gemini", _rate("gemini_tokens_used_total", "model, type"), "short"),
    Panel("Tokens of OpenRouter", _rate("openrouter_tokens_used_total", "model, type"), "short"),
    Panel("Tokens of Ollama", _rate("ollama_tokens_used_total", "model, type"), "short"),
    Panel(
        "Left of limits",
        (
            (
                "min by (pool, measure, period) (rate_limit_remaining)",
                "{{pool}} {{measure}} {{period}}",
            ),
        ),
    ),
    Panel(
        "Calls that waited for a limit", _rate("haulage_limit_waits_total", "pool, limit"), "ops"
    ),
    Panel("Refused by providers (429)", _rate("haulage_limit_refusals_total", "pool"), "ops"),
    Panel("Vectors known already", _rate("haulage_embeddings_cached_total", "provider"), "ops"),
)
PROCESSES = (
    Panel("Answering", (("sum by (job) (up)", "{{job}}"),)),
    Panel("Who leads", (("max by (instance) (haulage_dispatcher_leads)", "{{instance}}"),)),
    Panel("Memory", (("process_resident_memory_bytes", "{{job}} {{instance}}"),), "bytes"),
    Panel(
        "Processor",
        ((f"rate(process_cpu_seconds_total{RATE})", "{{job}} {{instance}}"),),
        "percentunit",
    ),
    Panel("Age of leases", (("haulage_lease_age_seconds", "{{job}} {{instance}}"),), "s"),
    Panel("Rescued jobs", _rate("haulage_rescues_total", "queue"), "ops"),
    Panel("Crashes", _rate("haulage_crashes_total", "type"), "ops"),
    Panel("Settlements refused by the fence", _rate("haulage_settles_lost_total", "type"), "ops"),
    Panel("Doorbells", _rate("haulage_doorbells_total", "queue"), "ops"),
    Panel(
        "Rings that the broker refused", _rate("haulage_doorbell_failures_total", "queue"), "ops"
    ),
    Panel(
        "Items in one write",
        (
            (
                f"sum by (batcher) (rate(haulage_batch_size_sum{RATE})) / "
                f"sum by (batcher) (rate(haulage_batch_size_count{RATE}))",
                "{{batcher}}",
            ),
        ),
    ),
    Panel("Live streams", (("sum(haulage_event_streams)", ""),)),
    Panel("From an event to its reader", _quantiles("haulage_event_lag_seconds"), "s"),
    Panel(
        "Open files",
        (("process_open_fds / process_max_fds", "{{job}} {{instance}}"),),
        "percentunit",
    ),
    Panel("Forgotten by the janitor", _rate("haulage_forgotten_total", "what"), "ops"),
)
DASHBOARDS = {
    "haulage": ("Haulage", OVERVIEW),
    "haulage-jobs": ("Haulage: jobs", JOBS),
    "haulage-providers": ("Haulage: providers and limits", PROVIDERS),
    "haulage-processes": ("Haulage: processes", PROCESSES),
}
