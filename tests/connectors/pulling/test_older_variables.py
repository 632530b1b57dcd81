"""Row B12: every variable of such a worker works under its name, with its default."""

from collections.abc import Callable
from pathlib import Path

import pytest

from haulage.settings import Settings, load

EXAMPLE = Path(__file__).parents[3] / ".env.example"
Look = Callable[[Settings], object]

# Name, its default as row B12 has it (None: there is none), another value, and where it counts.
VARIABLES: list[tuple[str, object, str, object, Look]] = [
    ("API_BASE_URL", None, "https://a.example", "https://a.example",
     lambda s: s.poller.api_base_url),
    ("ORY_PROJECT_SLUG", None, "acme", "https://acme.projects.oryapis.com/oauth2/token",
     lambda s: s.poller.token_url()),
    ("OAUTH2_TOKEN_URL", None, "https://t.example/token", "https://t.example/token",
     lambda s: s.poller.token_url()),
    ("OAUTH2_CLIENT_ID", None, "me", "me", lambda s: s.poller.oauth2_client_id),
    ("OAUTH2_CLIENT_SECRET", None, "hush", "hush",
     lambda s: secret(s.poller.oauth2_client_secret)),
    ("OAUTH2_SCOPE", "read write", "tasks", "tasks", lambda s: s.poller.oauth2_scope),
    ("OPENAI_API_KEY", None, "sk-1", "sk-1", lambda s: secret(s.providers.openai_api_key)),
    ("POLLING_INTERVAL_SECONDS", 30.0, "7", 7.0, lambda s: s.poller.interval_s),
    ("CONCURRENCY_LIMIT", 5, "9", 9, lambda s: s.poller.concurrency),
    ("PROCESSING_MODE", "openai", "hybrid", "hybrid", lambda s: s.providers.mode),
    ("SUPPORTED_MODELS", (), "a,b", ("a", "b"), lambda s: s.providers.ollama_models()),
    ("OLLAMA_BASE_URL", "http://localhost:11434", "http://o:1", "http://o:1",
     lambda s: s.providers.ollama_base_url),
    ("OLLAMA_TIMEOUT", 120.0, "8", 8.0, lambda s: s.providers.ollama_timeout_s),
    ("OLLAMA_MODEL_DOWNLOAD_TIMEOUT", 600.0, "80", 80.0,
     lambda s: s.providers.ollama_download_timeout_s),
    ("RATE_LIMIT_ENABLED", True, "false", False, lambda s: s.limits.enabled),
    ("RATE_LIMIT_STRATEGY", "rolling", "fixed", "fixed", lambda s: s.limits.strategy),
    ("RATE_LIMIT_PER_MINUTE", 20, "1", 1, lambda s: s.limits.per_minute),
    ("RATE_LIMIT_PER_HOUR", 100, "2", 2, lambda s: s.limits.per_hour),
    ("RATE_LIMIT_PER_DAY", 500, "3", 3, lambda s: s.limits.per_day),
    ("RATE_LIMIT_PER_WEEK", 2000, "4", 4, lambda s: s.limits.per_week),
    ("RATE_LIMIT_PER_MONTH", 7500, "5", 5, lambda s: s.limits.per_month),
    ("MAX_RETRIES", 3, "6", 6, lambda s: s.providers.retries),
    ("RETRY_BACKOFF_FACTOR", 2.0, "3.5", 3.5, lambda s: s.providers.backoff_factor),
    ("CIRCUIT_BREAKER_THRESHOLD", 5, "2", 2, lambda s: s.limits.breaker_failures),
    ("REQUEST_TIMEOUT", 30.0, "4", 4.0, lambda s: s.poller.timeout_s),
    ("OPENAI_TIMEOUT", 60.0, "5", 5.0, lambda s: s.providers.timeout_s),
    ("METRICS_PORT", 8001, "9001", 9001, lambda s: s.metrics.port or s.poller.metrics_port),
    ("LOG_LEVEL", "INFO", "debug", "DEBUG", lambda s: s.log.level),
]  # fmt: skip


def secret(held: object) -> object:
    return held and held.get_secret_value()  # type: ignore[attr-defined]


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda one: one[0])
def test_a_variable_works_and_has_its_default(
    variable: tuple[str, object, str, object, Look],
) -> None:
    name, default, given, meant, look = variable
    assert look(load({})) == default
    assert look(load({name: given})) == meant


def test_the_example_has_each_of_them_with_its_default() -> None:
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and line[0] not in "# "]
    example = {name: text.strip('"') for name, _, text in (line.partition("=") for line in lines)}
    settings = load(example)
    for name, default, _, _, look in VARIABLES:
        assert name in example
        if default is not None:
            assert look(settings) == default, name
