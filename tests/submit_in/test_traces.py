"""A job that is submitted inside a traced program belongs to its trace."""

import sys

import psycopg
import pytest
from opentelemetry.sdk.trace import TracerProvider

from haulage import submit_in
from haulage.engine.services import Services
from tests.factories import row

OTHER = f"00-{'a' * 32}-{'b' * 16}-01"


async def traceparent(services: Services, caller: psycopg.Connection, **options: str) -> str | None:
    job_id = submit_in(caller, "invoice", {"order": 7}, **options)
    caller.commit()
    return (await row(services, job_id))["traceparent"]


async def test_the_callers_span_is_above_it(
    published: Services, caller: psycopg.Connection
) -> None:
    with TracerProvider().get_tracer("shop").start_as_current_span("order") as span:
        here = span.get_span_context()
        found = await traceparent(published, caller)
    assert found is not None
    assert found.startswith(f"00-{here.trace_id:032x}-{here.span_id:016x}-")


async def test_what_the_caller_names_goes_before_it(
    published: Services, caller: psycopg.Connection
) -> None:
    with TracerProvider().get_tracer("shop").start_as_current_span("order"):
        assert await traceparent(published, caller, traceparent=OTHER) == OTHER


async def test_without_a_span_or_without_opentelemetry_there_is_none(
    published: Services, caller: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await traceparent(published, caller) is None
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")
    assert await traceparent(published, caller) is None


async def test_the_same_submit_in_another_trace_is_the_same_submit(
    published: Services, caller: psycopg.Connection
) -> None:
    made = []
    for _ in range(2):
        with TracerProvider().get_tracer("shop").start_as_current_span("order"):
            made.append(submit_in(caller, "invoice", {"order": 7}, idempotency_key="order-7"))
    assert made[0] == made[1]
