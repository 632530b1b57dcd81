"""Prometheus metrics of providers, by the names that dashboards of row B9 know.

`openai_requests_total{model,status}` and `openai_tokens_used_total{model,type}`, and the same for
each other provider. A model's name comes from whoever submits a job, so only the first
`MAX_MODELS` of a process have a label of their own.
"""

from functools import cache

from prometheus_client import Counter, Histogram

from haulage.domain.language_model import ModelUsage
from haulage.telemetry.metrics import LATENCY_BUCKETS

MAX_MODELS = 100
OTHER = "other"

CALL_SECONDS = Histogram(
    "haulage_provider_call_seconds",
    "Calls of providers, from the pass to the answer",
    ["provider"],
    buckets=LATENCY_BUCKETS,
)
CALL_ERRORS = Counter("haulage_provider_errors_total", "Calls that failed", ["provider", "code"])
CACHED = Counter("haulage_embeddings_cached_total", "Vectors that were known already", ["provider"])

_models: set[tuple[str, str]] = set()


class ProviderMeters:
    """One provider's; `name` is a Prometheus name's beginning."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._requests = Counter(f"{name}_requests_total", f"Calls of {name}", ["model", "status"])
        self._tokens = Counter(f"{name}_tokens_used_total", f"Tokens of {name}", ["model", "type"])
        self._seconds = CALL_SECONDS.labels(provider=name)

    def answered(self, model: str, usage: ModelUsage, took_s: float) -> None:
        """A call has succeeded."""
        label = self._label(model)
        self._seconds.observe(took_s)
        self._requests.labels(model=label, status="success").inc()
        self._tokens.labels(model=label, type="input").inc(usage.input_tokens)
        self._tokens.labels(model=label, type="output").inc(usage.output_tokens)

    def failed(self, model: str, code: str) -> None:
        """A call has failed; `code` is the error's."""
        self._requests.labels(model=self._label(model), status="error").inc()
        CALL_ERRORS.labels(provider=self._name, code=code).inc()

    def _label(self, model: str) -> str:
        if (self._name, model) not in _models:
            if len(_models) >= MAX_MODELS:
                return OTHER
            _models.add((self._name, model))
        return model


@cache
def meters_of(provider: str) -> ProviderMeters:
    """The meters of a provider, made once in a process."""
    return ProviderMeters(provider)
