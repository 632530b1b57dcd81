"""What a trace shows of Redis: commands by their names, whoever stands before it."""

from collections.abc import Iterator
from contextlib import aclosing

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from redis.exceptions import ResponseError

from haulage.brokers import redis_clients
from haulage.limits.script import Script
from haulage.telemetry import tracing
from haulage.telemetry.spans import OtelRecorder


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing, "_recorder", OtelRecorder(provider))
    yield kept
    provider.shutdown()


async def test_a_script_that_redis_does_not_know_yet_is_no_failure_and_an_error_is_one(
    redis_url: str, seen: InMemorySpanExporter
) -> None:
    script = Script()
    script.text = "return 'the words'"
    async with aclosing(redis_clients.connect(redis_url)) as client:
        with tracing.span("a call"):
            assert await script.run(client, "key", ["secret"]) == b"the words"
            with pytest.raises(ResponseError):
                await client.lpush("list", "secret") and await client.get("list")
    spans = {one.name: one for one in seen.get_finished_spans()}
    failed = {name for name, one in spans.items() if one.status.status_code is StatusCode.ERROR}
    assert failed == {"redis GET"}
    assert {"redis EVALSHA", "redis EVAL"} <= spans.keys()
    assert "secret" not in str([one.to_json() for one in spans.values()])


def test_a_redis_behind_sentinels_is_shown_too(seen: InMemorySpanExporter) -> None:
    for url in ("redis://127.0.0.1:9", "sentinel://127.0.0.1:9?service=mymaster"):
        assert isinstance(redis_clients.connect(url), redis_clients._Traced)
