"""Prometheus metrics of providers, by the names that dashboards of row B9 know.

`openai_requests_total{model,status}` and `openai_tokens_used_total{model,type}`, and the same for
each other provider. A model's name comes from whoever submits a job: only the first ones have a
label of their own (`telemetry/series.py`).
"""

from dataclasses import replace
from functools import cache

from haulage.domain.language_model import ModelUsage
from haulage.telemetry.catalogue import OF_PROVIDERS
from haulage.telemetry.metrics import PROVIDER_CALLS, PROVIDER_ERRORS
from haulage.telemetry.series import counter_as


class ProviderMeters:
    """One provider's; `name` is a Prometheus name's beginning."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._requests, self._tokens = (
            counter_as(replace(one, name=one.name.format(provider=name))) for one in OF_PROVIDERS
        )
        self._seconds = PROVIDER_CALLS.labels(provider=name)

    def answered(self, model: str, usage: ModelUsage, took_s: float) -> None:
        """A call has succeeded."""
        self._seconds.observe(took_s)
        self._requests.labels(model=model, status="success").inc()
        self._tokens.labels(model=model, type="input").inc(usage.input_tokens)
        self._tokens.labels(model=model, type="output").inc(usage.output_tokens)

    def failed(self, model: str, code: str) -> None:
        """A call has failed; `code` is the error's."""
        self._requests.labels(model=model, status="error").inc()
        PROVIDER_ERRORS.labels(provider=self._name, code=code).inc()


@cache
def meters_of(provider: str) -> ProviderMeters:
    """The meters of a provider, made once in a process."""
    return ProviderMeters(provider)
