"""The metrics that dashboards know, with a bounded number of models."""

import pytest
from prometheus_client import REGISTRY

from haulage.providers.meters import meters_of
from haulage.telemetry.series import MOST_VALUES, OTHER
from tests.providers.conftest import Desk


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize("vendor", ["openai", "ollama", "gemini", "openrouter"])
async def test_requests_and_tokens_are_counted_by_model(desk: Desk, vendor: str) -> None:
    model = f"counted-{vendor}"
    await desk.ask(f"{vendor}:{model}")
    used = desk.spent[0]
    tokens = f"{vendor}_tokens_used_total"
    assert value(f"{vendor}_requests_total", model=model, status="success") == 1
    assert value(tokens, model=model, type="input") == used.input_tokens
    assert value(tokens, model=model, type="output") == used.output_tokens


async def test_a_failed_call_is_counted_with_its_code(desk: Desk) -> None:
    def counted() -> tuple[float, float]:
        return (
            value("haulage_provider_errors_total", provider="openai", code="rate_limited"),
            value("openai_requests_total", model="do/429", status="error"),
        )

    codes, errors = counted()
    with pytest.raises(Exception, match="429"):
        await desk.ask("openai:do/429")
    assert counted() == (codes + 1, errors + 1)


async def test_models_beyond_the_bound_share_a_label(desk: Desk) -> None:
    for number in range(MOST_VALUES):
        meters_of("openai").failed(f"made-up-{number}", "x")
    before = value("openai_requests_total", model=OTHER, status="success")
    await desk.ask("openai:one-too-many")
    assert value("openai_requests_total", model=OTHER, status="success") == before + 1
